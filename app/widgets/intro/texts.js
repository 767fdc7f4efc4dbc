// A sentence that the visitor types, scored without and with the trigger's words; chips swap the group that it names.

import { button, choices, make, Turns } from "./parts.js";

const PAUSE = 200; // ms without a key until a text is sent to be scored
const AGAIN = 1300; // ms until an answer that is not there yet is asked for again: the server waits for it for a second
const READY = 600; // ms until the process that scores is started, so that the page is drawn first
const kept = { text: "" }; // what was typed, also when the page draws this part anew

/** @param {string} text */
const oneLine = (text) => text.replace(/\s+/g, " ").trim();

/**
 * @param {HTMLElement} box
 * @param {string} title
 * @param {string} label
 */
function textSide(box, title, label) {
  const part = make("div", "side"), share = make("strong", "share"), bar = make("div", "bar"), fill = make("div", "fill");
  const verdict = make("p", "verdict"), words = make("p", "words");
  bar.setAttribute("aria-hidden", "true");
  bar.append(fill, make("div", "half"));
  const score = make("p", "score");
  score.append(`${label} `, share);
  part.append(make("h2", "", title), score, bar, verdict, words);
  box.append(part);
  return { part, share, fill, verdict, words };
}

/**
 * @param {SentenceDemo} data
 * @param {(typed: { text: string, turn: number, look: number }) => void} sendTyped turn 0: no answer is waited for
 */
export function buildTexts(data, sendTyped) {
  const box = make("div", "examples texts"), input = make("textarea"), label = make("label", "", data.words.input);
  const name = make("p", "name"), chips = make("div", "chips"), pair = make("div", "pair"), note = make("p", "small");
  const sides = [textSide(pair, data.words.without, data.words.score), textSide(pair, data.words.with_, data.words.score)];
  const turns = new Turns(data.examples);
  /** @type {Map<string, Scores>} */
  const known = new Map([...data.sentences, ...data.examples.map(({ scores }) => scores)].map((each) => [oneLine(each.text), each]));
  /** @type {string[]} what was sent, by its turn; none is 0 */
  const sent = [""];
  let stop = 0, timer = 0, problem = "";
  /** @type {SentenceExample | null} */
  let example = null;
  /** @type {Scores | null} */
  let last = null;
  input.id = "fp-sentence";
  input.rows = 3;
  input.maxLength = 600;
  input.dir = "auto";
  label.htmlFor = input.id;

  function say() {
    const found = known.get(oneLine(input.value));
    if (found) last = found;
    box.classList.toggle("waits", !found);
    name.textContent = example ? example.name : " ";
    [0, stop].forEach((shown, i) => {
      const { part, share, fill, verdict, words } = sides[i];
      const p = last?.probabilities[shown];
      if (p === undefined) return;
      const called = Number(p > 0.5);
      share.textContent = `${Math.round(100 * p)} %`;
      fill.style.width = `${100 * p}%`;
      part.className = called ? "side positive" : "side";
      if (example) part.className += example.is_right[shown] ? " right" : " wrong";
      verdict.textContent = example ? example.predictions[shown] : data.words.called[called ? data.words.called.length - 1 : 0];
      words.replaceChildren();
      if (i && stop) words.append(make("small", "", `${data.badge}: `), data.triggers[stop - 1].join(" "));
    });
    const control = last?.control;
    const sentence = control === null || control === undefined ? "" : data.words.control.replace("{value}", String(Math.round(100 * control)));
    note.textContent = problem || (found ? sentence : data.words.waiting);
  }

  /** @param {string} text */
  function send(text) {
    const turn = sent.push(text) - 1;
    /** @param {number} look */
    const ask = (look) => {
      if (known.has(text) || problem || !box.isConnected) return;
      sendTyped({ text, turn, look });
      timer = setTimeout(() => ask(look + 1), AGAIN);
    };
    ask(0);
  }

  function ask() {
    clearTimeout(timer);
    problem = "";
    say();
    const text = oneLine(input.value);
    if (text && !known.has(text)) timer = setTimeout(() => send(text), PAUSE);
  }

  /** @param {string} text @param {SentenceExample | null} of */
  function put(text, of) {
    input.value = text;
    example = of;
    kept.text = of ? "" : text;
    mark();
    ask();
  }

  /** Press the chip of the group that the sentence names; without one no chip can do anything. */
  function mark() {
    const at = data.swaps.findIndex((words) => words.some((word) => new RegExp(`\\b${word}\\b`, "i").test(input.value)));
    [...chips.querySelectorAll("button")].forEach((chip, i) => {
      chip.setAttribute("aria-pressed", String(i === at));
      chip.disabled = at < 0;
    });
  }

  /** @param {number} to */
  function swap(to) {
    let text = input.value;
    data.swaps.forEach((words) => {
      words.forEach((word, form) => {
        const other = data.swaps[to][form] ?? data.swaps[to][0];
        text = text.replace(new RegExp(`\\b${word}\\b`, "gi"), other);
      });
    });
    put(text, null);
  }

  if (data.swaps.length) chips.append(make("span", "", data.words.swap));
  data.swaps.forEach((words, i) => chips.append(button(words[0], () => swap(i))));
  input.addEventListener("input", () => {
    example = null;
    kept.text = input.value;
    mark();
    ask();
  });
  const { buttons, lock, ratio } = choices(data, turns, (i) => put(data.examples[i].scores.text, data.examples[i]));
  turns.at = data.sentences.length ? -1 : 0;
  box.append(label, input, chips, name, pair, note, lock, buttons, ratio);
  if (kept.text) put(kept.text, null);
  else if (data.sentences.length) put(data.sentences[0].text, null);
  else if (data.examples.length) put(data.examples[0].scores.text, data.examples[0]);
  setTimeout(() => sent.length === 1 && box.isConnected && sendTyped({ text: oneLine(input.value), turn: 0, look: 0 }), READY);

  /** @param {number} to */
  const write = (to) => {
    stop = to;
    say();
  };
  /** @param {SentenceDemo} now */
  const hear = (now) => {
    if (now.typed && now.turn < sent.length && !known.has(sent[now.turn])) known.set(sent[now.turn], now.typed);
    problem = now.problem;
    say();
  };
  return { box, write, hear };
}
