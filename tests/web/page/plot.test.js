import assert from "node:assert/strict";
import test from "node:test";

import {
  chartConfiguration,
  figureWords,
  formatDay,
  formatValue,
  valueAxis,
} from "../../../web/page/source/logic/plot.js";

const COLOURS = { line: "blue", text: "black", grid: "grey" };

/**
 * @param {string} name
 * @param {(number | null)[]} values
 */
function figure(name, values) {
  const points = values.map((value, index) => ({
    week: new Date(Date.UTC(2026, 2, 2 + 7 * index)).toISOString().slice(0, 10),
    value,
  }));
  return { name, environment: "production", meaning: "", points };
}

test("a week without a value stays one, and breaks the line", () => {
  const { type, data } = chartConfiguration(figure("lead", [1, null, 3]), COLOURS, "en-GB");
  assert.equal(type, "line");
  const [series] = data.datasets;
  assert.ok(series && "spanGaps" in series);
  assert.deepEqual(series.data, [1, null, 3]);
  assert.equal(series.spanGaps, false);
  assert.deepEqual(data.labels, ["2 Mar", "9 Mar", "16 Mar"]);
});

test("deployments are counted in bars", () => {
  assert.equal(chartConfiguration(figure("deployments", [1, 0]), COLOURS).type, "bar");
});

test("the axis begins at zero and has the unit of the figure", () => {
  const axes = ["deployments", "failures", "lead"].map((name) => valueAxis(name, COLOURS));
  assert.deepEqual(
    axes.map((axis) => axis.ticks.callback(12)),
    ["12", "12 %", "12 h"],
  );
  assert.ok(axes.every((axis) => axis.beginAtZero));
});

test("a span is in the unit in which it is easily read", () => {
  const cases = /** @type {const} */ ([
    [0, "0"],
    [30 / 3600, "30 s"],
    [119 / 3600, "119 s"],
    [2 / 60, "2 min"],
    [59 / 60, "59 min"],
    [1, "1 h"],
    [1.5, "1.5 h"],
    [2, "2 h"],
    [2.25, "2.3 h"],
    [47.9, "47.9 h"],
    [48, "2 days"],
  ]);
  for (const [hours, expected] of cases) assert.equal(formatValue("recovery", hours), expected);
});

test("a day is the same day in every time zone", () => {
  const zone = process.env.TZ;
  try {
    for (process.env.TZ of ["Pacific/Honolulu", "UTC", "Pacific/Kiritimati"]) {
      assert.equal(formatDay("2026-03-02", "en-GB"), "2 Mar");
    }
  } finally {
    if (zone === undefined) delete process.env.TZ;
    else process.env.TZ = zone;
  }
});

test("the latest value is that of the last week that has one", () => {
  const { title, latest, label } = figureWords(figure("failures", [10, 25, null]));
  assert.equal(title, "Failed deployments");
  assert.equal(latest, "25 %");
  assert.equal(label, "Failed deployments, production: 25 % in the week of 2026-03-09");
});

test("a figure without any value says so", () => {
  const { latest, label } = figureWords(figure("lead", [null, null]));
  assert.equal(latest, "–");
  assert.match(label, /nothing to measure in 90 days$/);
});
