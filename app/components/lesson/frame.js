import { button, fold, link, make, paragraphs, radios } from "./dom.js";

/**
 * One step on the screen: guess, try, measured, why. What follows a guess appears when it is made.
 * @param {Desk} desk
 * @param {number} number
 * @param {Step} step
 * @param {() => void} onShown
 */
export function stepFrame(desk, number, step, onShown) {
  const key = `step${number}`;
  const { answers, save } = desk;
  const title = make("h3", "", desk.say("ui.measured"));
  title.tabIndex = -1;
  const verdict = make("p", "outcome");
  const tried = make("section", "part");
  const measured = make("section", "part is-measured");
  tried.hidden = measured.hidden = true;
  const first = make("p", "note", desk.say("ui.first"));

  const choices = radios("guess", step.options, answers.guesses[key], (i) => {
    answers.guesses[key] = i;
    save();
    open();
  });
  const question = make("fieldset", "guess", make("legend", "", desk.say(`${key}.question`)), ...choices.map(({ label }) => label));
  const meanings = make("ul", "meanings", ...desk.list(`${key}.meanings`).map((text) => make("li", "", text)));

  const show = button(desk.say("ui.show"), () => {
    answers.shown[key] = true;
    save();
    reveal();
    title.focus();
  }, "main");
  const open = () => {
    first.hidden = true;
    if (tried.hidden) {
      tried.hidden = false;
      tried.replaceChildren(make("h3", "", desk.say("ui.try")), make("p", "", desk.has(`${key}.try`) ? desk.say(`${key}.try`) : ""), step.tryOut(), show);
    }
  };
  const reveal = () => {
    const guess = answers.guesses[key];
    const isRight = guess === step.right;
    choices.forEach(({ input, label }, i) => {
      input.disabled = true;
      label.classList.toggle("is-right", i === step.right);
      label.classList.toggle("is-wrong", i === guess && !isRight);
      if (i === step.right && !label.querySelector("small")) label.append(make("small", "", `✓ ${desk.say("ui.right_mark")}`));
    });
    show.hidden = true;
    verdict.className = isRight ? "outcome is-right" : "outcome is-wrong";
    const told = isRight ? desk.say("ui.right") : desk.say("ui.wrong", { answer: step.options[step.right] });
    verdict.textContent = `${desk.say("ui.your_guess", { guess: step.options[guess] ?? "–" })} ${told}`;
    measured.hidden = false;
    measured.replaceChildren(
      title, verdict, ...paragraphs(desk.list(`${key}.measured`)), ...step.measured(),
      ...desk.list(`${key}.exact`).map((text) => make("p", "note", text)), ...(step.more?.() ?? []),
      make("h3", "", desk.say("ui.explain")), ...paragraphs(desk.list(`${key}.explain`)),
      ...(desk.has(`${key}.sums`) ? [fold(desk.say("ui.sums"), ...paragraphs(desk.list(`${key}.sums`)))] : []), onward(desk, step.links),
    ); // prettier-ignore
    onShown();
  };
  if (answers.guesses[key] !== undefined) open();
  if (answers.shown[key]) reveal();
  return make("div", "", make("section", "part", make("h3", "", desk.say("ui.guess")), meanings, ...(step.before ? [step.before()] : []), question, first), tried, measured);
}

/**
 * @param {Desk} desk
 * @param {string[]} pages
 */
export function onward(desk, pages) {
  const root = window.location.pathname.replace(/lesson\/?$/, "");
  return make("p", "onward", ...pages.map((page) => link(desk.say(`ui.${page}`), `${root}${page}?run=${encodeURIComponent(desk.study.run)}`)));
}
