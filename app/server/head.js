// A page writes its selections into its address; Back leads to the page before, not through each of them.
{
  const push = history.pushState;
  history.pushState = function (state, unused, url) {
    const isSamePage = new URL(url ?? "", location.href).pathname === location.pathname;
    (isSamePage ? history.replaceState : push).call(this, state, unused, url);
  };
}
// On a phone the menu lies over the page: it closes as soon as a page is chosen.
document.addEventListener("click", ({ target }) => {
  if (!(target instanceof Element) || !target.closest('[data-testid="stSidebarNavLink"]')) return;
  /** @type {HTMLElement | null} */
  const button = document.querySelector('[data-testid="stSidebarCollapseButton"] button');
  button?.click();
});
// A script of the head that could not be read is taken away: what needs it would wait for it for ever.
document.addEventListener("error", ({ target }) => target instanceof HTMLScriptElement && target.remove(), true);
// Every page's address holds its view. Where the browser refuses to copy it (a page without https), it is shown.
document.addEventListener("click", async ({ target }) => {
  /** @type {HTMLElement | null} */
  const button = target instanceof Element ? target.closest(".fp-link") : null;
  if (!button) return;
  const label = button.textContent;
  try {
    await navigator.clipboard.writeText(location.href);
    button.textContent = button.dataset.copied ?? label;
    setTimeout(() => (button.textContent = label), 2000);
  } catch {
    prompt(label ?? "", location.href);
  }
});
// The first page of a tab is shown when it is complete, so that nothing moves under the reader; see page.css.
{
  const isDrawn = () => {
    const app = document.querySelector('[data-testid="stApp"]');
    return app?.getAttribute("data-test-script-state") === "notRunning"
      && document.querySelector('[data-testid="stMain"] [data-testid="stElementContainer"]') !== null
      && document.querySelector('[data-testid="stSkeleton"], [data-stale="true"]') === null
      && [...document.querySelectorAll('[data-testid="stMain"] img')].every(image => image instanceof HTMLImageElement && image.complete);
  };
  const show = () => {
    observer.disconnect();
    for (const end of ["load", "error"]) document.removeEventListener(end, look, true);
    document.documentElement.classList.add("is-drawn");
  };
  const showLate = () => {
    if (!document.documentElement.classList.contains("is-drawn")) document.documentElement.classList.add("is-late");
    show();
  };
  let isWaiting = false;
  const look = () => {
    if (isDrawn()) show();
    else if (!isWaiting && (isWaiting = document.querySelector(".stMainBlockContainer") !== null)) setTimeout(showLate, 3000);
  };
  const observer = new MutationObserver(look);
  for (const end of ["load", "error"]) document.addEventListener(end, look, true); // of a picture: it has its height now
  observer.observe(document, { subtree: true, childList: true, attributes: true, attributeFilter: ["data-test-script-state", "data-stale"] });
}
