/**
 * @typedef {object} ChartTools
 * @property {string} chart key of the live chart
 * @property {string} file name of the PNG, without its ending
 * @property {string} ink text colour on white paper
 * @property {ChartToolsWords} words
 */

/**
 * @typedef {object} ChartToolsWords
 * @property {string} download
 */

/* The PNG has colours for white paper in every theme, and a system font, as the page's fonts are not loaded while it is drawn. */
const LETTERS = "Arial, Helvetica, sans-serif";

/**
 * @param {PlotElement} plot
 * @param {string} ink
 */
function forPaper(plot, ink) {
  /** @type {PlotElement["layout"] & { paper_bgcolor?: string, plot_bgcolor?: string }} */
  const layout = structuredClone(plot.layout);
  layout.paper_bgcolor = layout.plot_bgcolor = "#ffffff";
  layout.font = { ...layout.font, color: ink, family: LETTERS };
  layout.margin = { ...layout.margin, l: 24, r: 24, t: 64, b: 24 };
  return { data: plot.data, layout };
}

/**
 * @param {PlotElement} plot
 * @param {ChartTools} data
 */
async function save(plot, data) {
  const size = { width: 1200, height: 760, scale: 2 };
  await window.Plotly?.downloadImage(forPaper(plot, data.ink), { format: "png", filename: data.file, ...size });
}

/** @param {Call<ChartTools>} call */
export default function ({ parentElement, data: [data], setTriggerValue }) {
  /** @type {HTMLButtonElement & { waiting?: number }} */
  const button = parentElement.querySelector("button");
  /** @returns {PlotElement | null} */
  const chart = () => document.querySelector(`.st-key-${CSS.escape(data.chart)} .js-plotly-plot`);
  button.textContent = data.words.download;
  button.onclick = () => {
    const plot = chart();
    if (plot) save(plot, data);
  };

  // The chart may be drawn later than this button.
  clearInterval(button.waiting);
  button.waiting = setInterval(() => {
    const plot = chart();
    if (!plot?.on) return;
    clearInterval(button.waiting);
    plot.removeAllListeners("plotly_click");
    plot.on("plotly_click", ({ points }) => {
      if (points[0]?.customdata) setTriggerValue("picked", points[0].customdata);
    });
  }, 100);
  return () => clearInterval(button.waiting);
}
