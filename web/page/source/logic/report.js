// What happened to machines since the master started, in sentences.

/** @import { MachineReport } from "../../answers" */

import { duration, plural } from "./words.js";

/** @param {MachineReport} report */
export function readySentence({ ready, boot_seconds, attach_seconds }) {
  const count = `${plural(ready, "machine")} got ready`;
  if (!ready) return count;
  const [boot, attach] = [boot_seconds, attach_seconds].map((sum) => duration(sum / ready));
  return `${count}: ${boot} until ACTIVE and ${attach} until the worker called, on average`;
}

/** @param {MachineReport} report */
export function failureSentence({ failures }) {
  const causes = Object.entries(failures).map(([cause, count]) => `${cause} ${count}`);
  return causes.length ? `failures: ${causes.join(", ")}` : "no failures";
}

/** @param {MachineReport} report */
export function removalSentence({ removed, swept, leaving, deletes_failed }) {
  const parts = [`${removed} removed, ${swept} of them because nobody wanted them any more`];
  if (leaving) parts.push(`${leaving} on their way out`);
  if (deletes_failed) parts.push(`a delete was refused ${deletes_failed} times`);
  return parts.join("; ");
}
