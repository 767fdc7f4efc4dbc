import { button, fresh, make } from "./dom.js";

/**
 * Numbers as a link writes them: [1, 2, 3, 5] is "1-3,5".
 * @param {number[]} numbers ascending
 */
export function ranges(numbers) {
  /** @type {number[][]} */
  const runs = [];
  for (const number of numbers) {
    const last = runs.at(-1);
    if (last && number === last[1] + 1) last[1] = number;
    else runs.push([number, number]);
  }
  return runs.map(([first, last]) => (first === last ? String(first) : `${first}-${last}`)).join(",");
}

/**
 * Makes a link for a class, and prints handouts.
 * @param {Desk} desk
 * @param {Lesson} lesson
 * @param {number} nSteps
 * @param {(hasAnswers: boolean) => void} print
 */
export function teacherPanel(desk, lesson, nSteps, print) {
  /** @param {string} text @param {[string, string][]} options @param {string} chosen */
  const choice = (text, options, chosen) => {
    const select = make("select");
    select.id = fresh("choice");
    for (const [value, name] of options) {
      const option = make("option", "", name);
      option.value = value;
      option.selected = value === chosen;
      select.append(option);
    }
    select.addEventListener("change", write);
    const label = make("label", "", text);
    label.htmlFor = select.id;
    return { select, box: make("div", "choice", label, select) };
  };
  const address = make("input", "address");
  address.readOnly = true;
  address.id = fresh("address");
  const label = make("label", "", desk.say("teacher.link"));
  label.htmlFor = address.id;
  const copied = make("span", "note");
  copied.setAttribute("role", "status");
  const data = choice(desk.say("teacher.data"), lesson.data.map((key) => [key, desk.say(`${key}.name`)]), desk.study.key);
  const names = Object.entries(lesson.languages).map(([key, sentences]) => /** @type {[string, string]} */ ([key, /** @type {{ name: string }} */ (sentences).name]));
  const language = choice(desk.say("teacher.language"), names, desk.language);
  const boxes = Array.from({ length: nSteps }, (_, i) => {
    const input = make("input");
    input.type = "checkbox";
    input.checked = lesson.plan.steps.includes(i + 1);
    input.addEventListener("change", write);
    return { input, label: make("label", "option", input, make("span", "", `${i + 1} ${desk.say(`step${i + 1}.title`)}`)) };
  });
  function write() {
    const numbers = boxes.flatMap(({ input }, i) => (input.checked ? [i + 1] : []));
    const parts = [data.select.value, language.select.value, ...(numbers.length % nSteps ? [ranges(numbers)] : [])];
    address.value = `${window.location.origin}${window.location.pathname}?lesson=${parts.join(",")}`;
    copied.textContent = "";
  }
  const copy = button(desk.say("teacher.copy"), () => {
    address.select();
    const done = () => (copied.textContent = desk.say("teacher.copied"));
    navigator.clipboard?.writeText(address.value).then(done, () => undefined);
  });
  write();
  const steps = make("fieldset", "", make("legend", "", desk.say("teacher.steps")), ...boxes.map(({ label: each }) => each));
  return make(
    "details", "panel", make("summary", "", desk.say("teacher.title")), make("p", "", desk.say("teacher.lead")),
    make("div", "two", make("div", "", data.box, language.box, make("div", "choice", label, address), make("div", "buttons", copy, copied)), steps),
    make("div", "buttons", button(desk.say("teacher.print"), () => print(false)), button(desk.say("teacher.print_answers"), () => print(true))),
    make("p", "note", desk.say("teacher.plan")),
  ); // prettier-ignore
}
