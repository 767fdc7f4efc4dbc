import { bar, button, fold, make, paragraphs, table } from "../dom.js";
import { canvas, paint } from "../canvas.js";
import { nearest } from "./average.js";

const PARTS = [0, 0.4, 0.8, 1.2]; // of the trigger's effect, of the question's options

/**
 * @param {Desk} desk
 * @returns {Step}
 */
export function lookStep(desk) {
  const { look } = desk.study;
  if (!look) return { options: [], right: 0, tryOut: () => make("div"), measured: () => [], printed: () => [], links: [] };
  /** @param {string} name */
  const value = (name) => look.conditions.find((each) => each.name === name)?.value[0] ?? 0;
  const [without, withTrigger] = [value("without"), value("trigger")];
  PARTS.forEach((part, i) => (desk.facts[`look_option${i}`] = desk.percent(without + part * (withTrigger - without))));
  const watch = { at: 0, redraw: /** @type {(() => void)[]} */ ([]) };
  return {
    options: desk.list("step5.options"),
    right: nearest(PARTS, (value(look.control) - without) / (withTrigger - without || 1)),
    tryOut: () => {
      watch.redraw = [];
      return viewer(desk, ["without", "trigger"], watch, true);
    },
    measured: () => {
      const rows = look.conditions.map(({ name, value: measured }) => {
        const [share, low, high] = measured;
        const each = bar(desk.say(`conditions.${name}`), ["without", "trigger"].includes(name) ? "" : "is-control");
        const interval = low == null ? "" : ` (${desk.say("ui.range", { low: desk.percent(low), high: desk.percent(high) })})`;
        each.set(share, desk.percent(share) + interval, measured);
        return each.row;
      });
      const legend = make("p", "note", `${desk.say("step5.striped")} · ${desk.say("ui.legend_interval")}`);
      const bars = make("div", "bars", make("h4", "", desk.say("step5.value")), ...rows, legend);
      if (desk.study.modality !== "image") return [bars];
      const maps = viewer(desk, look.conditions.map(({ name }) => name), watch, false);
      return [make("p", "", desk.say("step5.same")), maps, bars];
    },
    more: () => (look.other.length ? [fold(desk.say("step5.other_title"), ...asked(desk, look))] : []),
    printed: () => (look.other.length ? asked(desk, look) : [shares(desk, look)]),
    links: ["saliency"],
  };
}

/**
 * A share under a condition, with its interval.
 * @param {Desk} desk
 * @param {LessonCondition[]} conditions
 * @param {string} name
 */
function cell(desk, conditions, name) {
  const [share, low, high] = conditions.find((each) => each.name === name)?.value ?? [null];
  const interval = low == null ? "" : ` (${desk.say("ui.range", { low: desk.percent(low), high: desk.percent(high) })})`;
  return `${desk.percent(share)} %${interval}`;
}

/**
 * The shares as a table, for paper.
 * @param {Desk} desk
 * @param {LessonLook} look
 */
function shares(desk, look) {
  const rows = look.conditions.map(({ name }) => [desk.say(`conditions.${name}`), cell(desk, look.conditions, name)]);
  return table(`${desk.say("step5.value")} (${desk.say("ui.interval_name")})`, ["", "%"], rows);
}

/**
 * The two ways to ask, side by side.
 * @param {Desk} desk
 * @param {LessonLook} look
 */
function asked(desk, look) {
  const rows = look.conditions.map(({ name }) => [desk.say(`conditions.${name}`), cell(desk, look.conditions, name), cell(desk, look.other, name)]);
  return [...paragraphs(desk.list("step5.other")), table(`${desk.say("step5.value")} (${desk.say("ui.interval_name")})`, desk.list("step5.asks"), rows)];
}

/**
 * One test row under several conditions, with what speaks for the label; buttons choose the row.
 * @param {Desk} desk
 * @param {string[]} conditions
 * @param {{ at: number, redraw: (() => void)[] }} watch the chosen row, which all viewers of the step share
 * @param {boolean} hasPicks whether the row is chosen here
 */
function viewer(desk, conditions, watch, hasPicks) {
  const { trigger, modality, stops } = desk.study;
  const examples = desk.study.examples.filter((each) => modality !== "image" || hasHeat(each, desk.study.look));
  const chosen = Math.max(stops.findIndex((stop) => stop.is_chosen), 1);
  const area = make("div", modality === "image" ? "maps" : "weighed");
  const really = make("p", "note");
  const show = () => {
    const example = examples[watch.at];
    picks.forEach((pick, i) => pick.setAttribute("aria-pressed", String(i === watch.at)));
    really.textContent = desk.say("step5.really", { name: desk.say(`one.${desk.study.groups[example.group].name}${example.label}`) });
    area.replaceChildren(
      ...conditions.map((name) => {
        const title = desk.say(`conditions.${name}`);
        if (modality !== "image") return make("figure", "", make("figcaption", "", title), weighed(example, name, name === "trigger" ? trigger.words[chosen - 1] : []));
        const picture = canvas(title);
        const over = name === "without" ? undefined : name === "trigger" ? trigger.pictures[chosen - 1] : trigger.controls[name];
        paint(picture, { photo: example.photo, trigger: over, box: trigger.box, map: example.maps[name] });
        const answer = desk.say("step4.called", { label: desk.say(example.said[name] ? "positive" : "negative") });
        return make("figure", "", picture, make("figcaption", "", title, make("small", "note", answer)));
      }),
    );
  };
  /** @param {number} at */
  const choose = (at) => {
    watch.at = at;
    watch.redraw.forEach((redraw) => redraw());
  };
  const picks = (hasPicks ? examples : []).map((example, i) => {
    const name = desk.say(`one.${desk.study.groups[example.group].name}${example.label}`);
    const pick = button(modality === "image" ? "" : String(i + 1), () => choose(i), "pick");
    pick.setAttribute("aria-label", `${i + 1}: ${name}`);
    if (modality === "image") {
      const small = canvas(name);
      small.setAttribute("aria-hidden", "true");
      paint(small, { photo: example.photo, box: trigger.box });
      pick.append(small);
    }
    return pick;
  });
  watch.redraw.push(show);
  show();
  return make("div", "", ...(hasPicks ? [make("div", "picks", ...picks)] : []), really, area);
}

/**
 * Whether there is something to see under every condition: a map may be 0 everywhere.
 * @param {LessonExample} example
 * @param {LessonLook | null} look
 */
function hasHeat(example, look) {
  return (look?.conditions ?? []).every(({ name }) => example.maps[name]?.some((row) => row.some((value) => value > 0)));
}

/**
 * A text whose words carry a colour: how much each speaks for the label, or against it.
 * @param {LessonExample} example
 * @param {string} condition
 * @param {string[]} before the trigger's words
 */
function weighed(example, condition, before) {
  const quote = make("blockquote");
  if (before.length) quote.append(make("span", "words", before.join(" ")), " ");
  example.words.forEach((word, i) => {
    const weight = example.weights[condition]?.[i] ?? 0;
    const mark = make("span", weight < 0 ? "weight is-against" : "weight", word);
    mark.style.setProperty("--weight", String(Math.abs(weight)));
    quote.append(mark, " ");
  });
  return quote;
}
