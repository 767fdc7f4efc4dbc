import { make, paragraphs } from "./dom.js";
import { tell } from "./steps/limits.js";

/**
 * The lesson on paper: every step with its question; with answers also what was measured and why.
 * @param {Desk} desk
 * @param {number[]} numbers of the steps
 * @param {Step[]} steps
 * @param {boolean} hasAnswers
 */
export function handout(desk, numbers, steps, hasAnswers) {
  const page = make("section", "handout");
  page.append(
    make("h1", "", desk.say("title")),
    make("p", "fields", hasAnswers ? "" : `${desk.say("teacher.name")} ______________________    ${desk.say("teacher.date")} ______________`),
  );
  for (const number of numbers) {
    const key = `step${number}`;
    const part = make("section", "part", make("h2", "", `${number} · ${desk.say(`${key}.title`)}`), ...paragraphs(desk.list(`${key}.intro`)));
    part.append(...paragraphs(desk.list(`${key}.meanings`)));
    part.append(make("p", "question", desk.say(`${key}.question`)));
    if (number === 6) part.append(statements(desk, hasAnswers));
    else part.append(options(steps[number - 1], hasAnswers));
    const guess = steps[number - 1]?.options[desk.answers.guesses[key]];
    if (hasAnswers && guess !== undefined) part.append(make("p", "", desk.say("ui.your_guess", { guess })));
    if (hasAnswers) part.append(...paragraphs(desk.list(`${key}.measured`)));
    if (hasAnswers && number === 5 && desk.study.look?.other.length) part.append(make("p", "", desk.say("step5.other")));
    if (hasAnswers) part.append(...paragraphs(desk.list(`${key}.explain`)));
    else part.append(make("p", "rule", desk.say("teacher.answer")), make("p", "rule", "\u00a0"));
    page.append(part);
  }
  page.append(make("p", "question", desk.say("ui.end")));
  if (desk.answers.words) page.append(make("p", "", desk.answers.words));
  else page.append(make("p", "rule", "\u00a0"), make("p", "rule", "\u00a0"));
  return page;
}

/**
 * @param {Step} step
 * @param {boolean} hasAnswers
 */
function options(step, hasAnswers) {
  return make("ul", "", ...step.options.map((text, i) => make("li", "", `${hasAnswers && i === step.right ? "☒" : "☐"} ${text}`)));
}

/**
 * @param {Desk} desk
 * @param {boolean} hasAnswers
 */
function statements(desk, hasAnswers) {
  const [yes, no, unknown] = desk.list("step6.options");
  /** @type {Record<string, string>} */
  const verdicts = { yes, no, unknown };
  return make(
    "ul", "",
    ...desk.study.checks.map((check) =>
      make(
        "li", "statement", desk.say(`checks.${check.name}`), make("br"),
        hasAnswers ? make("strong", "", `${verdicts[check.verdict]}: ${tell(desk, check)}`) : [yes, no, unknown].map((text) => `☐ ${text}`).join("\u2003"),
      ),
    ),
  ); // prettier-ignore
}
