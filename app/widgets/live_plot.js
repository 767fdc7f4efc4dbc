/**
 * @typedef {object} LivePlot
 * @property {string} figure a Plotly figure as JSON
 * @property {string} label title of the chart, for screen readers
 * @property {string[]} columns headings of the table below the chart
 * @property {string[][]} rows cells of that table
 * @property {number} height px
 * @property {string} source address of plotly.js
 */

/**
 * The element that Plotly draws in.
 * @typedef {HTMLElement & { height: number, more: number, wanted: { data: object[], layout: object }, observer?: ResizeObserver }} Area
 */

/** @type {Record<string, Promise<Plotly>>} by address */
const scripts = {};

/**
 * @param {string} source
 * @returns {Promise<Plotly>}
 */
function load(source) {
  if (window.Plotly) return Promise.resolve(window.Plotly);
  return (scripts[source] ??= new Promise((resolve, reject) => {
    /** @type {HTMLScriptElement | null} */
    const ahead = document.querySelector(`script[src="${CSS.escape(source)}"]`); // a page may read it before the first chart
    const script = ahead ?? document.createElement("script");
    script.onload = () => resolve(/** @type {Plotly} */ (window.Plotly));
    script.onerror = () => {
      delete scripts[source]; // the next draw tries again
      script.remove();
      reject(new Error(source));
    };
    if (ahead) return;
    script.src = source;
    document.head.append(script);
  }));
}

/**
 * @param {"th" | "td"} tag
 * @param {string[]} texts
 */
function row(tag, texts) {
  const line = document.createElement("tr");
  for (const text of texts) {
    const cell = document.createElement(tag);
    if (tag === "th") cell.scope = "col";
    cell.textContent = text;
    line.append(cell);
  }
  return line;
}

/* Figures are made for a root type of 17 px; on a larger screen everything in them is scaled with the page. */
const SCALED = new Set(["size", "width", "standoff", "l", "r", "t", "b"]);

/**
 * @param {any} value an attribute of a figure; nested ones are scaled too
 * @param {number} factor
 * @param {string} [name] of that attribute
 * @returns {any}
 */
function scale(value, factor, name = "") {
  if (typeof value === "number") return SCALED.has(name) ? value * factor : value;
  if (Array.isArray(value) || value === null || typeof value !== "object") return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, scale(inner, factor, key)]));
}

const LEGEND = 0.2; // share of the height that a legend may take; beyond it the chart gets taller, so that its plane does not shrink
const TALL = 4000; // px: a legend never scrolls

/**
 * Increase the height of the chart by what its legend needs at this width.
 * @param {Plotly} Plotly
 * @param {Area} area
 */
async function fit(Plotly, area) {
  const legend = area.querySelector(".legend .bg")?.getBoundingClientRect().height ?? 0;
  const more = Math.round(Math.max(0, legend - LEGEND * area.height));
  if (more === area.more) return;
  area.more = more;
  area.style.height = `${area.height + more}px`;
  await Plotly.relayout(area, { height: area.height + more });
}

/** @param {Call<LivePlot>} call */
export default async function ({ parentElement, data: [data] }) {
  const root = parentElement.querySelector(".fp-plot");
  /** @type {Area} */
  const area = root.querySelector(".fp-plot-area");
  const label = root.querySelector(".fp-plot-label");
  const factor = Math.max(1, parseFloat(getComputedStyle(document.documentElement).fontSize) / 17);
  area.height = Math.round(data.height * factor);
  area.more ??= 0;
  const height = area.height + area.more;
  area.style.height = `${height}px`;
  area.setAttribute("aria-label", data.label);
  label.textContent = data.label;
  root.querySelector("details").hidden = !data.columns.length;
  root.querySelector("thead").replaceChildren(row("th", data.columns));
  root.querySelector("tbody").replaceChildren(...data.rows.map((texts) => row("td", texts)));

  const figure = JSON.parse(data.figure);
  if (factor > 1) {
    figure.layout = scale(figure.layout, factor);
    figure.data = figure.data.map((/** @type {object} */ trace) => scale(trace, factor));
  }
  const isTouch = window.matchMedia("(pointer: coarse)").matches;
  const layout = { ...figure.layout, autosize: true, height, uirevision: "keep" };
  layout.legend = { maxheight: TALL, ...layout.legend };
  if (isTouch) layout.dragmode = false;
  area.wanted = { data: figure.data, layout };
  let Plotly;
  try {
    Plotly = await load(data.source);
  } catch {
    label.textContent = `${data.label} (The chart could not be loaded; its figures are in the table below.)`;
    return;
  }
  // A later call may have overtaken this one while the script was loading: always draw the newest.
  await Plotly.react(area, area.wanted.data, area.wanted.layout, { displayModeBar: false, responsive: false });
  await fit(Plotly, area);
  if (!area.observer) {
    area.observer = new ResizeObserver(async () => {
      if (!area.offsetWidth) return;
      await Plotly.Plots.resize(area);
      await fit(Plotly, area);
    });
    area.observer.observe(area);
  }
}
