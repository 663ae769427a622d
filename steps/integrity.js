// Refuse a package-lock.json in which a package to fetch has no hash.
// Argument: the lock file. https://docs.npmjs.com/cli/configuring-npm/package-lock-json
const lock = JSON.parse(require("fs").readFileSync(process.argv[1], "utf8"));
if (!lock.packages) {
  console.error(`${process.argv[1]}: no 'packages': npm 7 or later writes such a lock file`);
  process.exit(1);
}
for (const [path, entry] of Object.entries(lock.packages)) {
  const fetched = path !== "" && !entry.link && !entry.inBundle && /node_modules/.test(path);
  if (fetched && !entry.integrity) {
    console.error(`${process.argv[1]}: ${path} has no 'integrity' to verify it by`);
    process.exit(1);
  }
}
