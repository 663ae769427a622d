// A figure of the ledger as Chart.js draws it.

/** @import { ChartConfiguration } from "chart.js" */
/** @import { Figure } from "../../answers" */

const TITLES = {
  deployments: "Deployments per week",
  failures: "Failed deployments",
  lead: "Lead time from merge",
  recovery: "Time to recover",
};

/** @param {number} value */
function hours(value) {
  if (value === 0) return "0";
  if (value < 1 / 30) return `${Math.round(value * 3600)} s`;
  if (value < 59.5 / 60) return `${Math.round(value * 60)} min`;
  return value < 48 ? `${Number(value.toFixed(1))} h` : `${Number((value / 24).toFixed(1))} days`;
}

/** @type {Record<string, (value: number) => string>} */
const FORMATS = {
  failures: (value) => `${Math.round(value)} %`,
  lead: hours,
  recovery: hours,
};

/**
 * One value of a figure with its unit.
 *
 * @param {string} name
 * @param {number} value
 */
export function formatValue(name, value) {
  return FORMATS[name]?.(value) ?? String(value);
}

/**
 * A day such as "12 Oct", in the visitor's language and never in another time zone.
 *
 * @param {string} day
 * @param {string} [locale]
 */
export function formatDay(day, locale) {
  return new Date(day).toLocaleDateString(locale, {
    day: "numeric",
    month: "short",
    timeZone: "UTC",
  });
}

/**
 * A figure in words: its title, its latest value, and what somebody hears who cannot see the plot.
 *
 * @param {Figure} figure
 */
export function figureWords({ name, environment, points }) {
  const title = name in TITLES ? TITLES[/** @type {keyof typeof TITLES} */ (name)] : name;
  const measured = points.flatMap(({ week, value }) => (value === null ? [] : [{ week, value }]));
  const last = measured.at(-1);
  const latest = last ? formatValue(name, last.value) : "–";
  const description = last
    ? `${latest} in the week of ${last.week}`
    : "nothing to measure in 90 days";
  return { title, latest, label: `${title}, ${environment}: ${description}` };
}

/** @typedef {{ line: string, text: string, grid: string }} Colours */

/**
 * The axis of values: from zero, with units; counts and shares have no fractions.
 *
 * @param {string} name
 * @param {Colours} colours
 */
export function valueAxis(name, colours) {
  return {
    beginAtZero: true,
    suggestedMax: name === "failures" ? 10 : undefined,
    grid: { color: colours.grid },
    ticks: {
      color: colours.text,
      maxTicksLimit: 5,
      precision: ["deployments", "failures"].includes(name) ? 0 : undefined,
      /** @param {number | string} value */
      callback: (value) => formatValue(name, Number(value)),
    },
  };
}

/**
 * What Chart.js needs: a week without a value leaves a gap in the line.
 *
 * @param {Figure} figure
 * @param {Colours} colours
 * @param {string} [locale]
 * @returns {ChartConfiguration<"bar" | "line", (number | null)[], string>}
 */
export function chartConfiguration({ name, points }, colours, locale) {
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
          borderWidth: 2,
        },
      ],
    },
    options: {
      animation: false,
      maintainAspectRatio: false,
      scales: {
        x: { grid: { display: false }, ticks: { color: colours.text, maxRotation: 0 } },
        y: valueAxis(name, colours),
      },
      plugins: {
        legend: { display: false },
        tooltip: {
          displayColors: false,
          callbacks: {
            title: (items) => items.map((item) => `week of ${item.label}`),
            label: (item) => formatValue(name, item.parsed.y),
          },
        },
      },
    },
  };
}
