// The demo as a whole: examples beside the sentence, the curve and its slider.

import { buildChart } from "./chart.js";
import { calm, make, mix, over } from "./parts.js";
import { buildPictures } from "./pictures.js";
import { buildTexts } from "./texts.js";

const SWEEP = 3; // seconds of the first move to the chosen λ
const MOVE = 0.35; // seconds of the dot's move between two stops

/** @param {Demo} data */
function buildSlider(data) {
  const box = make("div", "control"), label = make("label", "", data.words.slider), value = make("output", "value");
  const range = make("input"), ticks = make("div", "ticks"), head = make("div", "head");
  range.type = "range";
  range.min = "0";
  range.max = String(data.stops.length - 1);
  range.step = "1";
  range.id = "fp-lam";
  label.htmlFor = range.id;
  value.htmlFor.value = range.id;
  ticks.setAttribute("aria-hidden", "true");
  data.stops.forEach((stop, i) => {
    const tick = make("span", i === data.chosen ? "tick chosen" : "tick", stop.tick);
    tick.style.left = `${(100 * i) / (data.stops.length - 1)}%`;
    ticks.append(tick);
  });
  head.append(label, value);
  box.append(head, range, ticks);
  return { box, range, value };
}

/** @param {Demo} data */
function buildClaim(data) {
  const apart = make("strong", "apart"), price = make("span", "price"), headline = make("p", "headline");
  const lines = make("dl", "lines"), terms = make("p", "small");
  headline.append(apart, " ", price);
  const small = make("div", "proof");
  small.append(terms);
  if (data.control) small.append(make("p", "small", data.control.sentence));
  /** @param {Stop} stop */
  const write = (stop) => {
    apart.textContent = stop.apart;
    price.textContent = stop.price;
    terms.textContent = stop.terms;
    lines.replaceChildren(...stop.lines.map((line) => {
      const row = make("div");
      row.append(make("dt", "", line.name), make("dd", "", line.value));
      return row;
    }));
  };
  return { headline, lines, small, write };
}

/**
 * @param {HTMLElement} root
 * @param {Demo} data
 * @param {(typed: { text: string, turn: number, look: number }) => void} send
 */
async function build(root, data, send) {
  const slider = buildSlider(data), claim = buildClaim(data);
  const texts = data.modality === "text" ? buildTexts(data, send) : null;
  const examples = texts ?? (data.modality === "image" ? await buildPictures(data) : null);
  if (!examples) return null;
  const announcement = make("p", "said");
  announcement.setAttribute("aria-live", "polite");
  let at = -1, position = 0, speaking = 0, halt = () => {};

  /** @param {number} stop */
  function write(stop) {
    if (stop === at) return;
    at = stop;
    const state = data.stops[stop];
    slider.range.value = String(stop);
    slider.value.textContent = state.name;
    slider.range.setAttribute("aria-valuetext", `${state.name}. ${state.apart} ${state.price}`);
    claim.write(state);
    examples?.write(stop);
    clearTimeout(speaking);
    speaking = setTimeout(() => (announcement.textContent = state.summary), 600);
  }

  const chart = buildChart(data, (to, isAtRest) => {
    halt();
    if (isAtRest) go(to);
    else place(to);
  });

  /** @param {number} to a place on the curve */
  function place(to) {
    position = to;
    chart.place(to);
    write(Math.round(to));
  }

  /** @param {number} to a stop */
  function go(to) {
    halt();
    const from = position;
    write(to);
    halt = over(MOVE, (t) => {
      position = mix(from, to, t);
      chart.place(position);
    });
  }

  slider.range.addEventListener("input", () => go(Number(slider.range.value)));
  for (const event of ["pointerdown", "keydown"]) slider.range.addEventListener(event, () => halt());
  const story = make("div", "story");
  story.append(claim.headline, claim.lines, chart.box, slider.box, claim.small);
  examples.box.append(make("p", "small note", data.words.note));
  root.replaceChildren(examples.box, story, announcement);
  write(0);
  const seen = (window.fairprogSwept ??= new Set());
  if (calm.matches || seen.has(data.modality)) place(data.chosen);
  else halt = over(SWEEP, (t) => place(mix(0, data.chosen, t)));
  seen.add(data.modality);
  return texts;
}

/** @param {Call<Demo>} call */
export default function ({ parentElement, data: [data], setStateValue }) {
  /** @type {Part & { made?: string, texts?: Promise<ReturnType<typeof buildTexts> | null> }} */
  const root = parentElement.querySelector(".fp-intro");
  const made = JSON.stringify({ ...data, typed: null, turn: 0, problem: "" });
  if (root.made !== made) {
    root.made = made;
    root.texts = build(root, data, (typed) => setStateValue("typed", typed));
  }
  if (data.modality === "text") root.texts?.then((texts) => texts?.hear(data)); // the script ran again: keep what is there
}
