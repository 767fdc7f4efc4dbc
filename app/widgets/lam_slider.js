/**
 * @typedef {object} LamSlider
 * @property {string} channel
 * @property {number} index initial position of a new slider
 * @property {string[]} stops the values of λ as text, ascending
 * @property {number} chosen index of the λ that was chosen on validation, or -1
 * @property {Record<string, Record<string, unknown>[]>} charts by key of a live chart, for each λ the attributes of its marker
 * @property {boolean} is_sticky whether it stays in sight while the page scrolls
 * @property {string[]} notes what each λ does, in a few words; may be empty
 * @property {LamSliderWords} words
 */

/**
 * @typedef {object} LamSliderWords
 * @property {string} label
 * @property {string} chosen
 */

const REST = 180; // ms without a move until the slider counts as released and the page's script runs

/** @param {Element} element */
function isNear(element) {
  const { top, bottom } = element.getBoundingClientRect();
  return bottom > -200 && top < window.innerHeight + 200;
}

/**
 * Announce the new λ to everything that follows this slider, and move the markers of its charts.
 * @param {LamSlider} data
 * @param {number} index
 */
function announce({ channel, charts }, index) {
  (window.fairprogLam ??= {})[channel] = index;
  for (const [key, frames] of Object.entries(charts)) {
    /** @type {PlotElement | null} */
    const plot = document.querySelector(`.st-key-${CSS.escape(key)} .js-plotly-plot`);
    const trace = plot?.data?.findIndex((each) => each.meta === "marker") ?? -1;
    if (!plot || trace < 0 || !window.Plotly || !isNear(plot)) continue; // a chart out of sight moves when the page's script runs
    const update = Object.fromEntries(Object.entries(frames[index]).map(([name, value]) => [name, [value]]));
    window.Plotly.restyle(plot, update, [trace]);
  }
  window.dispatchEvent(new CustomEvent("fairprog:lam", { detail: { channel, index } }));
}

/**
 * @param {LamSlider} data
 * @param {number} index
 */
function tick(data, index) {
  const found = document.createElement("span");
  found.textContent = data.stops[index];
  found.style.left = `${(100 * index) / Math.max(1, data.stops.length - 1)}%`;
  if (index === data.chosen) {
    found.className = "is-chosen";
    found.append(Object.assign(document.createElement("small"), { textContent: data.words.chosen }));
  }
  return found;
}

/** @param {Call<LamSlider>} call */
export default function ({ parentElement, data: [data], setStateValue }) {
  /** @type {Part & { isPlaced?: boolean, timer?: number }} */
  const root = parentElement.querySelector(".fp-lam");
  const label = root.querySelector("label"), input = root.querySelector("input"), output = root.querySelector("output");
  const note = root.querySelector("label small");
  root.classList.toggle("is-sticky", data.is_sticky);
  label.htmlFor = input.id = `fp-lam-${data.channel}`;
  root.querySelector("label span").textContent = data.words.label;
  input.max = String(data.stops.length - 1);
  input.disabled = data.stops.length < 2;
  root.querySelector(".fp-lam-ticks").replaceChildren(...data.stops.map((_, index) => tick(data, index)));

  /** @param {number} index */
  const show = (index) => {
    output.textContent = `λ = ${data.stops[index]}`;
    note.textContent = data.notes[index] ?? "";
    input.setAttribute("aria-valuetext", data.stops[index]);
  };
  // Python gives the first position; afterwards the slider keeps its own position, also while the page's script runs.
  if (!root.isPlaced) {
    root.isPlaced = true;
    input.value = String(data.index);
  }
  show(Number(input.value));
  announce(data, Number(input.value));
  input.oninput = () => {
    const index = Number(input.value);
    show(index);
    announce(data, index);
    clearTimeout(root.timer);
    root.timer = setTimeout(() => setStateValue("index", index), REST);
  };
}
