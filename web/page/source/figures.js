// Delivery metrics of the last ninety days, from the ledger, as small plots.

/** @import { Figure } from "../answers" */

import { Chart, registerables } from "./chart.js/chart.esm.js";
import { ErrorBanner, Loading, View, h } from "./elements.js";
import { FINISHED_BUILDS, useAnswer } from "./live.js";
import { chartConfiguration, figureWords } from "./logic/plot.js";

const { useEffect, useRef } = React;

Chart.register(...registerables);

export function Figures() {
  const { value: figures, error } = useAnswer("figures.json", undefined, FINISHED_BUILDS);
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
        own.map((figure) => h(Plot, { key: figure.name, figure })),
      ),
    );
  });
  return h(
    View,
    { title: "Figures", current: "Figures" },
    h(ErrorBanner, { error }),
    figures ? sections : h(Loading),
  );
}

/** @param {{ figure: Figure }} props */
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
      h("span", { className: "sw-meaning" }, figure.meaning),
    ),
    h(
      "div",
      { className: "sw-plot" },
      h("canvas", { ref: canvas, role: "img", "aria-label": label }),
    ),
  );
}

/**
 * Draw a figure; returns the reference for its canvas.
 *
 * @param {Figure} figure
 */
function useChart(figure) {
  const canvas = useRef(/** @type {HTMLCanvasElement | null} */ (null));
  useEffect(() => {
    if (!canvas.current) return undefined;
    const style = getComputedStyle(canvas.current);
    const chart = new Chart(
      canvas.current,
      chartConfiguration(figure, {
        line: style.getPropertyValue("--blue"),
        text: style.getPropertyValue("--quiet"),
        grid: style.getPropertyValue("--line"),
      }),
    );
    return () => chart.destroy();
  }, [figure]);
  return canvas;
}
