import { button, fold, make, radios } from "../dom.js";

export const VERDICTS = ["yes", "no", "unknown"]; // in the order of the options

/**
 * The last step: statements that are true, not true, or that nobody measured.
 * @param {Desk} desk
 * @param {() => void} onShown
 */
export function limitsBoard(desk, onShown) {
  const { checks } = desk.study;
  const { answers, save } = desk;
  const options = desk.list("step6.options");
  const progress = make("p", "note");
  progress.setAttribute("aria-live", "polite");
  const cards = checks.map((check) => {
    const key = `step6.${check.name}`;
    const found = make("div", "found");
    found.hidden = true;
    const choices = radios("statement", options, answers.guesses[key], (i) => {
      answers.guesses[key] = i;
      save();
      count();
    });
    const box = make("fieldset", "card", make("legend", "", desk.say(`checks.${check.name}`)), make("div", "choices", ...choices.map(({ label }) => label)), found);
    const reveal = () => {
      const right = VERDICTS.indexOf(check.verdict);
      choices.forEach(({ input, label }, i) => {
        input.disabled = true;
        label.classList.toggle("is-right", i === right);
        label.classList.toggle("is-wrong", i !== right && input.checked);
      });
      found.hidden = false;
      const [told, exact] = tell(desk, check);
      found.replaceChildren(make("p", "", make("strong", "", `${options[right]}: `), told), ...(exact ? [fold(desk.say("ui.sums"), exact)] : []));
    };
    return { key, box, reveal, right: VERDICTS.indexOf(check.verdict) };
  });
  const n = String(cards.length);
  const show = button(desk.say("step6.show"), () => {
    answers.shown.step6 = true;
    save();
    reveal();
  }, "main");
  const count = () => {
    const done = cards.filter(({ key }) => answers.guesses[key] !== undefined).length;
    progress.textContent = desk.say("step6.progress", { done: String(done), n });
    show.disabled = done === 0;
  };
  const reveal = () => {
    cards.forEach((card) => card.reveal());
    show.hidden = true;
    const right = cards.filter(({ key, right: verdict }) => answers.guesses[key] === verdict).length;
    progress.textContent = desk.say("step6.count", { right: String(right), n });
    onShown();
  };
  count();
  if (answers.shown.step6) reveal();
  return make("div", "cards", ...cards.map(({ box }) => box), progress, show);
}

/**
 * What is told of a statement: figures before and with the trigger; and for some a second sentence, for who wants the sums.
 * @param {Desk} desk
 * @param {LessonChecked} check
 */
export function tell(desk, check) {
  const isBits = check.name === "readable";
  /** @param {Measured} measured */
  const text = ([value, low, high]) => {
    if (value === null) return "";
    const shown = isBits ? desk.number(value, 3) : desk.percent(value);
    if (low == null || high == null) return shown;
    const ends = isBits ? { low: desk.number(low, 3), high: desk.number(high, 3) } : { low: desk.percent(low), high: desk.percent(high) };
    return `${shown} (${desk.say("ui.interval", ends)})`;
  };
  const values = { before: text(check.before), after: text(check.after) };
  const sums = `checked.${check.name}_sums`;
  return [desk.say(`checked.${check.name}`, values), ...(desk.has(sums) ? [` ${desk.say(sums, values)}`] : [])];
}
