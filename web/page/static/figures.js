// How well the line works: small plots over the last ninety days, from the ledger.

import { ENDED, ask, useLive } from "./master.js";
import { Head, h } from "./words.js";

const TITLES = {
  deployments: ["Deployments per week", (value) => String(value)],
  lead: ["Lead time from merge", hours],
  failures: ["Failed deployments", (value) => `${Math.round(value)} %`],
  recovery: ["Time to recover", hours],
};
const WIDTH = 260;
const HEIGHT = 70;

function hours(value) {
  const seconds = value * 3600;
  if (seconds < 120) return `${Math.round(seconds)} s`;
  return value < 2
    ? `${Math.round(value * 60)} min`
    : value < 48
      ? `${value.toFixed(1)} h`
      : `${(value / 24).toFixed(1)} days`;
}

export function Figures() {
  const { value: figures, error } = useLive(() => ask("figures.json"), [], ENDED);
  const environments = [...new Set((figures ?? []).map((figure) => figure.environment))];
  return h(
    "main",
    { className: "sw" },
    h(Head, { title: "Figures", at: "Figures" }),
    error ? h("p", { className: "sw-banner sw-bad", role: "alert" }, error.message) : null,
    figures ? null : h("p", { className: "sw-note", role: "status" }, "Loading…"),
    environments.map((environment) =>
      h(
        "section",
        { key: environment, "aria-label": environment },
        h("h2", null, environment),
        h(
          "div",
          { className: "sw-figures" },
          figures
            .filter((figure) => figure.environment === environment)
            .map((figure) => h(Plot, { key: figure.name, figure })),
        ),
      ),
    ),
  );
}

function Plot({ figure }) {
  const [title, words] = TITLES[figure.name];
  const points = figure.points;
  const known = points.filter((point) => point.value !== null);
  const last = known.at(-1);
  const most = Math.max(1e-9, ...known.map((point) => point.value));
  const x = (at) => 4 + (at * (WIDTH - 8)) / Math.max(points.length - 1, 1);
  const y = (value) => HEIGHT - 6 - (value / most) * (HEIGHT - 14);
  const bars = figure.name === "deployments";
  const marks = points.map((point, at) =>
    point.value === null
      ? null
      : bars
        ? h(
            "rect",
            {
              key: point.week,
              x: x(at) - 6,
              width: 12,
              y: y(point.value),
              height: HEIGHT - 6 - y(point.value),
            },
            h("title", null, `week of ${point.week}: ${words(point.value)}`),
          )
        : h(
            "circle",
            { key: point.week, cx: x(at), cy: y(point.value), r: 3.5 },
            h("title", null, `week of ${point.week}: ${words(point.value)}`),
          ),
  );
  const line = points
    .map((point, at) => (point.value === null ? null : `${x(at)},${y(point.value)}`))
    .filter(Boolean)
    .join(" ");
  const said = last
    ? `${words(last.value)} in the week of ${last.week}`
    : "nothing to measure in 90 days";
  return h(
    "figure",
    { className: "sw-figure", tabIndex: 0, title: figure.meaning },
    h(
      "figcaption",
      null,
      h("strong", null, title),
      h("span", { className: "sw-latest" }, last ? words(last.value) : "–"),
      h("span", { className: "sw-meaning" }, figure.meaning),
    ),
    h(
      "svg",
      {
        viewBox: `0 0 ${WIDTH} ${HEIGHT}`,
        role: "img",
        "aria-label": `${title}, ${figure.environment}: ${said}`,
      },
      h("line", { x1: 0, x2: WIDTH, y1: HEIGHT - 6, y2: HEIGHT - 6, className: "sw-axis" }),
      bars ? null : h("polyline", { points: line }),
      marks,
    ),
  );
}
