const REST = 180; // ms without a move before the script is told

function isNear(element) {
  const { top, bottom } = element.getBoundingClientRect();
  return bottom > -200 && top < window.innerHeight + 200;
}

/* Tell everything on the page that follows this slider, and move the marker of its charts. */
function announce({ channel, charts }, index) {
  (window.fairprogLam ??= {})[channel] = index;
  for (const [key, frames] of Object.entries(charts)) {
    const plot = document.querySelector(`.st-key-${CSS.escape(key)} .js-plotly-plot`);
    const trace = plot?.data?.findIndex((each) => each.meta === "marker") ?? -1;
    if (trace < 0 || !window.Plotly || !isNear(plot)) continue; // what is out of sight is moved by the script, later
    const update = Object.fromEntries(Object.entries(frames[index]).map(([name, value]) => [name, [value]]));
    window.Plotly.restyle(plot, update, [trace]);
  }
  window.dispatchEvent(new CustomEvent("fairprog:lam", { detail: { channel, index } }));
}

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

export default function ({ parentElement, data: [data], setStateValue }) {
  const root = parentElement.querySelector(".fp-lam");
  const [label, input, output] = ["label", "input", "output"].map((name) => root.querySelector(name));
  root.classList.toggle("is-sticky", data.is_sticky);
  label.htmlFor = input.id = `fp-lam-${data.channel}`;
  label.firstElementChild.textContent = data.words.label;
  input.max = String(data.stops.length - 1);
  input.disabled = data.stops.length < 2;
  root.querySelector(".fp-lam-ticks").replaceChildren(...data.stops.map((_, index) => tick(data, index)));

  const show = (index) => {
    output.textContent = `λ = ${data.stops[index]}`;
    input.setAttribute("aria-valuetext", data.stops[index]);
  };
  // The first time the script says where the slider stands; from then on the slider says so.
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
