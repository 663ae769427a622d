// Written by `make bundle` from web/page/source; change it there.
import {
  ErrorBanner,
  FINISHED_BUILDS,
  Loading,
  View,
  h,
  useAnswer
} from "./shared-LSL4QQPF.js";

// web/page/source/figures.js
import { Chart, registerables } from "./chart.js/chart.esm.js";

// web/page/source/logic/plot.js
var TITLES = {
  deployments: "Deployments per week",
  failures: "Failed deployments",
  lead: "Lead time from merge",
  recovery: "Time to recover"
};
function hours(value) {
  if (value === 0) return "0";
  if (value < 1 / 30) return `${Math.round(value * 3600)} s`;
  if (value < 59.5 / 60) return `${Math.round(value * 60)} min`;
  return value < 48 ? `${Number(value.toFixed(1))} h` : `${Number((value / 24).toFixed(1))} days`;
}
var FORMATS = {
  failures: (value) => `${Math.round(value)} %`,
  lead: hours,
  recovery: hours
};
function formatValue(name, value) {
  return FORMATS[name]?.(value) ?? String(value);
}
function formatDay(day, locale) {
  return new Date(day).toLocaleDateString(locale, {
    day: "numeric",
    month: "short",
    timeZone: "UTC"
  });
}
function figureWords({ name, environment, points }) {
  const title = name in TITLES ? TITLES[
    /** @type {keyof typeof TITLES} */
    name
  ] : name;
  const measured = points.flatMap(({ week, value }) => value === null ? [] : [{ week, value }]);
  const last = measured.at(-1);
  const latest = last ? formatValue(name, last.value) : "–";
  const description = last ? `${latest} in the week of ${last.week}` : "nothing to measure in 90 days";
  return { title, latest, label: `${title}, ${environment}: ${description}` };
}
function valueAxis(name, colours) {
  return {
    beginAtZero: true,
    suggestedMax: name === "failures" ? 10 : void 0,
    grid: { color: colours.grid },
    ticks: {
      color: colours.text,
      maxTicksLimit: 5,
      precision: ["deployments", "failures"].includes(name) ? 0 : void 0,
      /** @param {number | string} value */
      callback: (value) => formatValue(name, Number(value))
    }
  };
}
function chartConfiguration({ name, points }, colours, locale) {
  const values = points.map((point) => point.value);
  return {
    type: name === "deployments" ? "bar" : "line",
    data: {
      labels: points.map((point) => formatDay(point.week, locale)),
      datasets: [
        {
          data: values,
          spanGaps: false,
          borderColor: colours.line,
          backgroundColor: colours.line,
          borderWidth: 2
        }
      ]
    },
    options: {
      animation: false,
      maintainAspectRatio: false,
      scales: {
        x: { grid: { display: false }, ticks: { color: colours.text, maxRotation: 0 } },
        y: valueAxis(name, colours)
      },
      plugins: {
        legend: { display: false },
        tooltip: {
          displayColors: false,
          callbacks: {
            title: (items) => items.map((item) => `week of ${item.label}`),
            label: (item) => formatValue(name, item.parsed.y)
          }
        }
      }
    }
  };
}

// web/page/source/figures.js
var { useEffect, useRef } = React;
Chart.register(...registerables);
function Figures() {
  const { value: figures, error } = useAnswer("figures.json", void 0, FINISHED_BUILDS);
  const environments = [...new Set(figures?.map((figure) => figure.environment))];
  const sections = environments.map((environment) => {
    const own = (figures ?? []).filter((figure) => figure.environment === environment);
    return h(
      "section",
      { key: environment, "aria-label": environment },
      h("h2", null, environment),
      h(
        "div",
        { className: "sw-figures" },
        own.map((figure) => h(Plot, { key: figure.name, figure }))
      )
    );
  });
  return h(
    View,
    { title: "Figures", current: "Figures" },
    h(ErrorBanner, { error }),
    figures ? sections : h(Loading)
  );
}
function Plot({ figure }) {
  const { title, latest, label } = figureWords(figure);
  const canvas = useChart(figure);
  return h(
    "figure",
    { className: "sw-figure", tabIndex: 0, title: figure.meaning },
    h(
      "figcaption",
      null,
      h("strong", null, title),
      h("span", { className: "sw-latest" }, latest),
      h("span", { className: "sw-meaning" }, figure.meaning)
    ),
    h(
      "div",
      { className: "sw-plot" },
      h("canvas", { ref: canvas, role: "img", "aria-label": label })
    )
  );
}
function useChart(figure) {
  const canvas = useRef(
    /** @type {HTMLCanvasElement | null} */
    null
  );
  useEffect(() => {
    if (!canvas.current) return void 0;
    const style = getComputedStyle(canvas.current);
    const chart = new Chart(
      canvas.current,
      chartConfiguration(figure, {
        line: style.getPropertyValue("--blue"),
        text: style.getPropertyValue("--quiet"),
        grid: style.getPropertyValue("--line")
      })
    );
    return () => chart.destroy();
  }, [figure]);
  return canvas;
}
export {
  Figures
};
