/**
 * @typedef {object} Stages
 * @property {Stage[]} stages
 * @property {string} doing what happens now
 * @property {number | null} left seconds left now; null: unknown, or nothing is left
 * @property {StageWords} words
 */

/**
 * @typedef {object} Stage
 * @property {string} name
 * @property {"done" | "now" | "next"} state
 * @property {string} said the state, for screen readers
 * @property {number} share that is finished
 */

/**
 * @typedef {object} StageWords
 * @property {string} left with the time in place of {time}
 * @property {string} soon
 * @property {string} minutes
 * @property {string} seconds
 */

/** @typedef {Part & { due?: number, timer?: ReturnType<typeof setInterval>, words?: StageWords }} Root */

const SURPRISE = 0.15; // share of the time left by which a new estimate may differ without a jump of the clock
const LEAST = 3; // seconds: smaller differences never make it jump

/**
 * @param {number} seconds
 * @param {StageWords} words
 */
function duration(seconds, words) {
  const whole = seconds > 90 ? 5 * Math.round(seconds / 5) : Math.round(seconds);
  const minutes = Math.floor(whole / 60), rest = whole % 60;
  const parts = [];
  if (minutes) parts.push(words.minutes.replace("{m}", String(minutes)));
  if (rest || !minutes) parts.push(words.seconds.replace("{s}", String(rest)));
  return parts.join(" ");
}

/** @param {Stage} stage */
function item(stage) {
  const element = document.createElement("li");
  const track = document.createElement("span"), fill = document.createElement("span"), name = document.createElement("span");
  const said = document.createElement("span");
  track.className = "track";
  track.setAttribute("aria-hidden", "true");
  fill.className = "fill";
  name.className = "name";
  name.textContent = stage.name;
  said.className = "said";
  track.append(fill);
  element.append(track, name, said);
  return element;
}

/** @param {Root} root */
function tick(root) {
  const left = /** @type {HTMLElement} */ (root.querySelector(".left"));
  if (root.due === undefined || !root.words) {
    left.textContent = "";
    return;
  }
  const seconds = (root.due - performance.now()) / 1000;
  left.textContent = seconds < 1 ? root.words.soon : root.words.left.replace("{time}", duration(seconds, root.words));
}

/** @param {Call<Stages>} call */
export default function ({ parentElement, data: [data] }) {
  /** @type {Root} */
  const root = parentElement.querySelector(".fp-stages");
  const list = root.querySelector("ol");
  if (list.children.length !== data.stages.length) list.replaceChildren(...data.stages.map(item));
  data.stages.forEach((stage, i) => {
    const element = /** @type {HTMLElement} */ (list.children[i]);
    element.className = stage.state;
    element.toggleAttribute("aria-current", stage.state === "now");
    if (stage.state === "now") element.setAttribute("aria-current", "step");
    /** @type {HTMLElement} */ (element.querySelector(".fill")).style.width = `${100 * stage.share}%`;
    /** @type {HTMLElement} */ (element.querySelector(".said")).textContent = `, ${stage.said}`;
  });
  root.querySelector(".doing").textContent = data.doing;

  root.words = data.words;
  if (data.left === null) {
    root.due = undefined;
  } else {
    const wanted = performance.now() + 1000 * data.left;
    const differs = root.due === undefined ? Infinity : Math.abs(wanted - root.due) / 1000;
    if (differs > Math.max(LEAST, SURPRISE * data.left)) root.due = wanted;
  }
  tick(root);
  clearInterval(root.timer);
  root.timer = root.due === undefined ? undefined : setInterval(() => tick(root), 500);
  return () => clearInterval(root.timer);
}
