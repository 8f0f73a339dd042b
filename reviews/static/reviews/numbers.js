/** The numbers: each plot is drawn from the table next to it, once it scrolls into view. */

import { all, one } from "./dom.js";

const VENDOR = new URL("vendor/", import.meta.url);
const HEIGHT = 184;
const FONT = "11px system-ui, sans-serif";
const REST_MS = 10_000; // between two reads of numbers that keep changing
const HALF_DAY = 43_200;
const WHOLE = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000, 50_000, 100_000];

/** @typedef {(number | null)[]} Column */

/** @type {Promise<UPlotClass> | undefined} */
let library;
/** @type {Map<HTMLElement, UPlot>} */
const drawn = new Map();

/** uPlot, loaded when it is first needed. */
function uPlot() {
  library ??= new Promise((resolve, reject) => {
    const style = document.createElement("link");
    style.rel = "stylesheet";
    style.href = String(new URL("uPlot.min.css", VENDOR));
    const script = document.createElement("script");
    script.src = String(new URL("uPlot.iife.min.js", VENDOR));
    script.nonce = one(document, "script[nonce]").nonce ?? ""; // the page's policy asks for it
    script.onload = () => resolve(window.uPlot);
    script.onerror = reject;
    document.head.append(style, script);
  });
  return library;
}

/**
 * The table of a figure, by column.
 *
 * @param {HTMLElement} figure
 */
function read(figure) {
  const series = all(figure, "[data-series]").map((head) => head.dataset.series ?? "");
  const rows = all(figure, "tbody tr");
  const days = rows.map((row) => Date.parse(one(row, "[data-x]").dataset.x ?? "") / 1000);
  const columns = series.map((_, at) => rows.map((row) => numberIn(all(row, "[data-y]")[at])));
  return { series, days, columns };
}

/** @param {HTMLElement | undefined} cell */
function numberIn(cell) {
  const y = cell?.dataset.y ?? "None";
  return y === "None" ? null : Number(y);
}

/**
 * Each column on top of those before it.
 *
 * @param {Column[]} columns
 * @returns {Column[]}
 */
function stacked(columns) {
  /** @type {number[]} */
  let below = [];
  return columns.map((column) => {
    below = column.map((value, row) => (below[row] ?? 0) + (value ?? 0));
    return below;
  });
}

/** @param {string} name */
const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

/**
 * The colour of a series: that of its swatch in the legend, or else the accent.
 *
 * @param {HTMLElement} figure
 * @param {string} series
 */
function colourOf(figure, series) {
  const swatch = figure.querySelector(`.swatch.${CSS.escape(series)}`);
  return swatch ? getComputedStyle(swatch).fill : colour("--accent");
}

/** @param {HTMLElement} figure */
async function draw(figure) {
  const Plot = await uPlot();
  const { series, days, columns } = read(figure);
  const place = one(figure, ".canvas");
  const isStacked = figure.dataset.plot === "stacked";
  const lines = series.map((name) => lineOf(Plot, colourOf(figure, name), isStacked));
  // The highest of a stack is drawn first, and those below it over it.
  const values = isStacked ? stacked(columns).reverse() : columns;
  drawn.get(figure)?.destroy();
  const plot = new Plot(
    {
      width: place.clientWidth,
      height: HEIGHT,
      tzDate: (/** @type {number} */ seconds) => Plot.tzDate(new Date(seconds * 1000), "Etc/UTC"),
      legend: { show: false },
      cursor: { show: false },
      scales: scalesTo(Number(figure.dataset.most)),
      axes: axesIn(figure.dataset.unit ?? "", isStacked),
      series: [{}, ...(isStacked ? lines.reverse() : lines)],
    },
    [days, ...values],
    place,
  );
  drawn.set(figure, plot);
}

/**
 * @param {UPlotClass} Plot
 * @param {string} stroke
 * @param {boolean} isStacked
 */
function lineOf(Plot, stroke, isStacked) {
  return {
    stroke,
    fill: isStacked ? stroke : undefined,
    width: isStacked ? 0 : 2,
    paths: isStacked ? Plot.paths.bars({ size: [0.7, 24] }) : undefined,
    points: { show: !isStacked, size: 5 },
    spanGaps: true,
  };
}

/**
 * @param {number} most the top of the scale, or NaN where the values say it
 * @returns {Record<"x" | "y", { range: (plot: unknown, least: number, most: number) => number[] }>}
 */
function scalesTo(most) {
  return {
    x: { range: (_, first, last) => [first - HALF_DAY, last + HALF_DAY] },
    y: { range: (_, __, top) => [0, most || Math.max(1, top * 1.1)] },
  };
}

/**
 * @param {string} unit
 * @param {boolean} isStacked
 */
function axesIn(unit, isStacked) {
  const axis = {
    stroke: colour("--quiet"),
    font: FONT,
    grid: { stroke: colour("--line"), width: 1 },
    ticks: { show: false },
  };
  /** @param {(value: number) => string} name @returns {(plot: unknown, at: number[]) => string[]} */
  const named = (name) => (_, at) => at.map(name);
  return [
    { ...axis, size: 28, space: spaceOfDays(), grid: { show: false }, values: named(inDays) },
    {
      ...axis,
      size: 44,
      incrs: isStacked ? WHOLE : undefined,
      values: named((value) => inUnits(value, unit)),
    },
  ];
}

const day = new Intl.DateTimeFormat(document.documentElement.lang, {
  day: "numeric",
  month: "short",
  timeZone: "UTC",
});

/** @param {number} seconds since 1970 */
function inDays(seconds) {
  return seconds % 86_400 === 0 ? day.format(seconds * 1000) : "";
}

/** The least distance of two days, in pixels, at which their names do not touch. */
function spaceOfDays() {
  const pen = /** @type {CanvasRenderingContext2D} */ (
    document.createElement("canvas").getContext("2d")
  );
  pen.font = FONT;
  const widths = Array.from(
    { length: 12 },
    (_, month) => pen.measureText(day.format(Date.UTC(2026, month, 28))).width,
  );
  return Math.ceil(Math.max(...widths)) + 12;
}

const number = new Intl.NumberFormat(document.documentElement.lang);

/**
 * @param {number} value
 * @param {string} unit
 */
function inUnits(value, unit) {
  return `${number.format(value)}${unit ? ` ${unit}` : ""}`;
}

function drawAll() {
  for (const figure of all(document, "[data-plot]")) draw(figure);
}

const resized = new ResizeObserver((entries) => {
  for (const { target, contentRect } of entries) {
    const figure = target.closest("figure");
    if (figure) drawn.get(figure)?.setSize({ width: contentRect.width, height: HEIGHT });
  }
});

/** Draw the plots that are on the page now. */
export function showNumbers() {
  for (const figure of drawn.keys()) if (!figure.isConnected) drawn.delete(figure);
  for (const place of all(document, "[data-plot] .canvas")) resized.observe(place);
  drawAll();
}

/** @type {number | undefined} */
let waiting;

/** Something was decided or added: read the numbers again, if they are on the page. */
export function numbersChanged() {
  if (!document.querySelector("#numbers figure") || waiting) return;
  waiting = setTimeout(() => {
    waiting = undefined;
    if (document.querySelector("#numbers details[open]")) return; // the reader looks at a table
    const address = one(document, "#numbers").getAttribute("hx-get") ?? "";
    window.htmx.ajax("GET", address, { target: "#numbers", swap: "innerHTML" });
  }, REST_MS);
}

matchMedia("(prefers-color-scheme: dark)").addEventListener("change", drawAll);
if (document.querySelector("[data-plot]")) showNumbers();
