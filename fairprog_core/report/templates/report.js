"use strict";
// The curve that is shown and the λ slider: every text, bar and picture carries its values for all λ.
(() => {
  const every = (selector, root = document) => [...root.querySelectorAll(selector)];
  const views = JSON.parse(document.getElementById("views").textContent);
  const curve = document.getElementById("curve"), slider = document.getElementById("lam");
  const shown = document.getElementById("shown"), tag = document.getElementById("is-chosen"), back = document.getElementById("back"), says = document.getElementById("says");
  if (!curve || !slider) return;
  const parsed = new WeakMap();

  function values(element, name) {
    const known = parsed.get(element) ?? {};
    parsed.set(element, known);
    return (known[name] ??= JSON.parse(element.dataset[name]));
  }

  // "**bold**" as an element; everything else is text and never read as markup.
  function sentence(element, text) {
    element.replaceChildren(...text.split("**").map((part, i) => {
      if (i % 2 === 0) return document.createTextNode(part);
      const strong = document.createElement("strong");
      strong.textContent = part;
      return strong;
    }));
  }

  function paragraphs(element, text) {
    const blocks = text.split("\n\n").map((block) => block.trim()).filter(Boolean);
    element.replaceChildren(...blocks.map((block) => {
      const lines = block.split("\n");
      if (!lines.every((line) => line.startsWith("- "))) {
        const paragraph = document.createElement("p");
        sentence(paragraph, lines.join(" "));
        return paragraph;
      }
      const list = document.createElement("ul");
      list.append(...lines.map((line) => {
        const item = document.createElement("li");
        sentence(item, line.slice(2));
        return item;
      }));
      return list;
    }));
  }

  const follow = {
    text: sentence,
    rich: paragraphs,
    left: (element, value) => { element.style.left = value; },
    width: (element, value) => { element.style.width = value; },
    percent: (element, value) => { element.style.width = `${value}%`; },
    "-Trigger": (element, value) => { element.style.setProperty("--trigger", value); },
    background: (element, value) => { element.style.backgroundColor = value; },
    transform: (element, value) => element.setAttribute("transform", value),
    src: (element, value) => { element.src = value; },
    alt: (element, value) => { element.alt = value; },
    mark: (element, value) => { element.classList.remove("right", "wrong"); element.classList.add(value); },
  };

  function move() {
    const view = views[curve.value], at = Number(slider.value);
    for (const block of every(`[data-view="${curve.value}"]`)) {
      for (const element of every("*", block)) {
        for (const name in element.dataset) if (name in follow) follow[name](element, values(element, name)[at]);
      }
    }
    const isChosen = at === view.chosen;
    shown.textContent = `λ = ${view.lams[at]}`;
    says.textContent = view.says[at];
    tag.hidden = !isChosen;
    back.hidden = isChosen;
    slider.setAttribute("aria-valuetext", `λ = ${view.lams[at]}${isChosen ? ", chosen" : ""}: ${view.says[at]}`);
  }

  function choose() {
    const view = views[curve.value];
    for (const block of every("[data-view]")) block.hidden = block.dataset.view !== curve.value;
    for (const block of every(".for-run")) block.hidden = block.dataset.run !== String(view.run);
    slider.max = String(view.lams.length - 1);
    slider.value = String(view.chosen);
    move();
  }

  curve.addEventListener("change", choose);
  slider.addEventListener("input", move);
  back.addEventListener("click", () => { slider.value = String(views[curve.value].chosen); move(); slider.focus(); });
  document.getElementById("bar").addEventListener("submit", (event) => event.preventDefault());
  document.getElementById("bar").hidden = false;
  choose();
})();
