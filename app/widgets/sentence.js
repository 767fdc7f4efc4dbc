/**
 * @typedef {object} SentenceData
 * @property {Sentence} sentence
 * @property {string} channel of the λ slider
 * @property {number} index initial index of λ, until the slider sends one
 * @property {number[]} shown indices of the other λ that have a row
 * @property {Record<string, string>} legend the meaning of each mark, in the order of the screen
 * @property {string} marker the word that marks the row of the slider's λ
 */

/**
 * @typedef {object} Sentence
 * @property {string} title
 * @property {string[]} words of the text, as written
 * @property {boolean[]} is_identity for each word, whether it names an identity
 * @property {string} end a note after the last word
 * @property {SentenceRow[]} first the rows above the controls
 * @property {SentenceRow[]} controls the rows of the controls, which can be folded
 * @property {string} folded the summary of the folded controls
 * @property {SentenceRow[]} rows one row per λ
 * @property {boolean} is_behind whether the trigger follows the text
 * @property {number} scale the largest absolute attribution in any row
 */

/**
 * @typedef {object} SentenceRow
 * @property {string} name of the condition
 * @property {string} note below the name
 * @property {number[]} values one attribution per word
 * @property {string[]} trigger the words added to the text
 * @property {number[]} trigger_values one attribution per trigger word
 * @property {number} probability of the explained class
 * @property {string} prediction the predicted class, and whether it is right; below the probability
 * @property {string} convergence the convergence delta; below the prediction
 * @property {boolean} has_converged whether the convergence delta is within its tolerance
 * @property {string} description the row as a sentence, for screen readers
 * @property {number} lam index of its λ; -1 where it has none
 * @property {string} badge the label of the trigger words
 * @property {boolean} is_nearest whether the words are the nearest ones to learned vectors
 */

const LONG = 120; // words; a longer text scrolls in its row
const FAINT = 0.02; // below this share of the largest attribution a word has no mark

/**
 * @template {keyof HTMLElementTagNameMap} Tag
 * @param {Tag} tag
 * @param {string} [className]
 * @param {string} [text]
 */
function make(tag, className, text) {
  const element = document.createElement(tag);
  if (className) element.className = className;
  if (text) element.textContent = text;
  return element;
}

/** @param {number} value */
const signed = (value) => `${value < 0 ? "−" : "+"}${Math.abs(value).toFixed(2)}`;

/**
 * One word: its attribution as colour and line, as a tooltip, and as a number that can be shown.
 * @param {string} text
 * @param {number} value
 * @param {number} scale
 * @param {boolean} isIdentity
 */
function word(text, value, scale, isIdentity) {
  const share = scale > 0 ? Math.min(1, Math.abs(value) / scale) : 0;
  const element = make("span", isIdentity ? "fp-word is-identity" : "fp-word");
  const inner = make("span", "", text);
  element.title = `${text}: ${signed(value)}`;
  if (share >= FAINT) {
    element.classList.add(value > 0 ? "is-for" : "is-against");
    element.style.setProperty("--share", share.toFixed(3));
  }
  element.append(inner, make("small", "", signed(value)));
  return element;
}

/** @param {HTMLElement[]} elements */
function spaced(elements) {
  return elements.flatMap((each, i) => (i ? [" ", each] : [each]));
}

/**
 * @param {SentenceRow} row
 * @param {Sentence} sentence
 */
function trigger(row, sentence) {
  if (!row.trigger.length) return null;
  const frame = make("span", row.is_nearest ? "fp-trigger is-nearest" : "fp-trigger");
  frame.dir = "auto"; // so that the trigger does not set the direction of the text
  const words = row.trigger.map((text, i) => word(text, row.trigger_values[i] ?? 0, sentence.scale, false));
  frame.append(make("b", "", row.badge), " ", ...spaced(words));
  return frame;
}

/**
 * @param {SentenceRow} row
 * @param {Sentence} sentence
 */
function text(row, sentence) {
  const line = make("p");
  line.dir = "auto";
  const words = sentence.words.map((each, i) => word(each, row.values[i] ?? 0, sentence.scale, sentence.is_identity[i]));
  const end = sentence.end ? [make("em", "", sentence.end)] : [];
  /** @type {HTMLElement[]} */
  const parts = [...words, ...end];
  const frame = trigger(row, sentence);
  if (frame && sentence.is_behind) parts.push(frame);
  if (frame && !sentence.is_behind) parts.unshift(frame);
  line.append(...spaced(parts));
  if (words.length > LONG) Object.assign(line, { className: "is-long", tabIndex: 0 });
  return line;
}

/**
 * @param {SentenceRow} row
 * @param {Sentence} sentence
 * @param {string} marker
 * @param {string} valueName
 */
function line(row, sentence, marker, valueName) {
  const element = make("div", row.has_converged ? "fp-sentence-row" : "fp-sentence-row is-unsound");
  const name = make("div", "fp-sentence-name"), value = make("div", "fp-sentence-value");
  name.append(make("strong", "", row.name), make("em", "", marker));
  if (row.note) name.append(make("small", "", row.note));
  const bar = make("i");
  bar.style.setProperty("--share", row.probability.toFixed(3));
  value.append(make("span", "", valueName), make("strong", "", row.probability.toFixed(2)), bar, make("small", "", row.prediction));
  if (row.convergence) value.append(make("small", "fp-sentence-made", row.convergence));
  element.append(make("span", "fp-sentence-spoken", row.description), name, text(row, sentence), value);
  return element;
}

/**
 * @param {Record<string, string>} texts
 * @param {HTMLElement} root
 */
function legend(texts, root) {
  const switched = make("label"), box = make("input");
  box.type = "checkbox";
  box.checked = root.classList.contains("has-numbers");
  box.onchange = () => root.classList.toggle("has-numbers", box.checked);
  switched.append(box, texts.numbers);
  /** @type {Record<string, string>} */
  const samples = { for: "fp-word is-for", against: "fp-word is-against", identity: "fp-word is-identity",
    trigger: "fp-trigger", nearest: "fp-trigger is-nearest" };
  const names = Object.keys(texts).filter((name) => !["numbers", "value"].includes(name));
  const entries = names.map((name) => {
    const entry = make("span");
    if (samples[name]) {
      const sample = make("span", samples[name]);
      sample.style.setProperty("--share", "1");
      sample.append(make("span", "", "abc"));
      sample.setAttribute("aria-hidden", "true");
      entry.append(sample, " ");
    }
    entry.append(texts[name]);
    return entry;
  });
  return [...entries, switched];
}

/** @param {Call<SentenceData>} call */
export default function ({ parentElement, data: [data] }) {
  /** @type {Part & { follow?: LamListener }} */
  const root = parentElement.querySelector(".fp-sentence");
  const { sentence } = data;
  const [above, below] = root.querySelectorAll(":scope > .fp-sentence-rows");
  const fold = root.querySelector("details"), title = root.querySelector(".fp-sentence-title");
  /** @param {SentenceRow} row */
  const draw = (row) => line(row, sentence, data.marker, data.legend.value);
  title.textContent = sentence.title;
  title.hidden = !sentence.title;
  root.querySelector(".fp-sentence-legend").replaceChildren(...legend(data.legend, root));
  above.replaceChildren(...sentence.first.map(draw));
  fold.hidden = !sentence.controls.length;
  root.querySelector("summary").textContent = sentence.folded;
  root.querySelector("details > div").replaceChildren(...sentence.controls.map(draw));
  const rows = sentence.rows.map((row) => ({ lam: row.lam, element: draw(row) }));
  below.replaceChildren(...rows.map(({ element }) => element));

  /** @param {number} index */
  const show = (index) =>
    rows.forEach(({ lam, element }) => {
      element.hidden = lam !== index && !data.shown.includes(lam);
      element.classList.toggle("is-now", lam === index);
    });
  show(window.fairprogLam?.[data.channel] ?? data.index);
  window.removeEventListener("fairprog:lam", root.follow);
  root.follow = ({ detail }) => detail.channel === data.channel && show(detail.index);
  window.addEventListener("fairprog:lam", root.follow);
  return () => window.removeEventListener("fairprog:lam", root.follow);
}
