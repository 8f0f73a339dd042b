/** The numbers: each plot is drawn from the table beside it, once it comes into sight. */

const VENDOR = new URL("vendor/", import.meta.url);
const HEIGHT = 184;
const FONT = "11px system-ui, sans-serif";
const REST_MS = 10_000; // between two looks at numbers that go on changing
const HALF_DAY = 43_200;
const WHOLE = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000, 50_000, 100_000];
const COLOURS = {
  approve: "--good",
  reject: "--bad",
  modify: "--warn",
  escalate: "--accent",
  dismiss: "--quiet",
  prevented: "--accent",
  time: "--accent",
  agreement: "--accent",
};
let library;
const drawn = new Map(); // figure → its plot

/** uPlot, loaded when it is first needed. */
function uPlot() {
  library ??= new Promise((resolve, reject) => {
    const style = document.createElement("link");
    style.rel = "stylesheet";
    style.href = new URL("uPlot.min.css", VENDOR);
    const script = document.createElement("script");
    script.src = new URL("uPlot.iife.min.js", VENDOR);
    script.nonce = document.querySelector("script[nonce]").nonce; // the page's policy asks for it
    script.onload = () => resolve(globalThis.uPlot);
    script.onerror = reject;
    document.head.append(style, script);
  });
  return library;
}

function read(figure) {
  const series = [...figure.querySelectorAll("[data-series]")].map((head) => head.dataset.series);
  const rows = [...figure.querySelectorAll("tbody tr")];
  const days = rows.map((row) => Date.parse(row.querySelector("[data-x]").dataset.x) / 1000);
  const columns = series.map((_, at) =>
    rows.map((row) => {
      const { y } = row.querySelectorAll("[data-y]")[at].dataset;
      return y === "None" ? null : Number(y);
    }),
  );
  return { series, days, columns };
}

/** Each column on top of those before it. */
function stacked(columns) {
  return columns.map((_, at) =>
    columns[at].map((_, row) => columns.slice(0, at + 1).reduce((sum, one) => sum + one[row], 0)),
  );
}

const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

async function draw(figure) {
  const Plot = await uPlot();
  const { series, days, columns } = read(figure);
  const place = figure.querySelector(".canvas");
  const isStacked = figure.dataset.plot === "stacked";
  const { unit = "", most } = figure.dataset;
  const lines = series.map((name) => ({
    stroke: colour(COLOURS[name]),
    fill: isStacked ? colour(COLOURS[name]) : undefined,
    width: isStacked ? 0 : 2,
    paths: isStacked ? Plot.paths.bars({ size: [0.7, 24] }) : undefined,
    points: { show: !isStacked, size: 5 },
    spanGaps: true,
  }));
  const axis = {
    stroke: colour("--quiet"),
    font: FONT,
    grid: { stroke: colour("--line"), width: 1 },
    ticks: { show: false },
  };
  // The highest of a stack is drawn first, and those below it over it.
  const values = isStacked ? stacked(columns).reverse() : columns;
  drawn.get(figure)?.destroy();
  const plot = new Plot(
    {
      width: place.clientWidth,
      height: HEIGHT,
      tzDate: (seconds) => Plot.tzDate(new Date(seconds * 1000), "Etc/UTC"),
      legend: { show: false },
      cursor: { show: false },
      scales: {
        x: { range: (_, first, last) => [first - HALF_DAY, last + HALF_DAY] },
        y: { range: (_, __, top) => [0, Number(most) || Math.max(1, top * 1.1)] },
      },
      axes: [
        {
          ...axis,
          size: 28,
          space: spaceOfDays(),
          grid: { show: false },
          values: (_, at) => at.map(inDays),
        },
        {
          ...axis,
          size: 44,
          incrs: isStacked ? WHOLE : undefined,
          values: (_, at) => at.map((value) => inUnits(value, unit)),
        },
      ],
      series: [{}, ...(isStacked ? lines.reverse() : lines)],
    },
    [days, ...values],
    place,
  );
  drawn.set(figure, plot);
}

const day = new Intl.DateTimeFormat(document.documentElement.lang, {
  day: "numeric",
  month: "short",
  timeZone: "UTC",
});

function inDays(seconds) {
  return seconds % 86_400 === 0 ? day.format(seconds * 1000) : "";
}

/** How far two days must be apart, in pixels, so that their names do not touch. */
function spaceOfDays() {
  const pen = document.createElement("canvas").getContext("2d");
  pen.font = FONT;
  const widths = Array.from(
    { length: 12 },
    (_, month) => pen.measureText(day.format(Date.UTC(2026, month, 28))).width,
  );
  return Math.ceil(Math.max(...widths)) + 12;
}

const number = new Intl.NumberFormat(document.documentElement.lang);

function inUnits(value, unit) {
  return `${number.format(value)}${unit ? ` ${unit}` : ""}`;
}

function drawAll() {
  for (const figure of document.querySelectorAll("[data-plot]")) draw(figure);
}

const resized = new ResizeObserver((entries) => {
  for (const { target, contentRect } of entries) {
    drawn.get(target.closest("figure"))?.setSize({ width: contentRect.width, height: HEIGHT });
  }
});

/** Draw the plots that are on the page now. */
export function showNumbers() {
  for (const figure of drawn.keys()) if (!figure.isConnected) drawn.delete(figure);
  for (const place of document.querySelectorAll("[data-plot] .canvas")) resized.observe(place);
  drawAll();
}

let looking;

/** Something was decided or added: read the numbers again, if they are on the page. */
export function numbersChanged() {
  if (!document.querySelector("#numbers figure") || looking) return;
  looking = setTimeout(() => {
    looking = undefined;
    if (document.querySelector("#numbers details[open]")) return; // somebody reads a table
    globalThis.htmx.ajax("GET", "/numbers", { target: "#numbers", swap: "innerHTML" });
  }, REST_MS);
}

matchMedia("(prefers-color-scheme: dark)").addEventListener("change", drawAll);
if (document.querySelector("[data-plot]")) showNumbers();
