// A page writes its selections into its address; Back leads to the page before, not through each of them.
{
  const push = history.pushState;
  history.pushState = function (state, unused, url) {
    const isSamePage = new URL(url ?? "", location.href).pathname === location.pathname;
    (isSamePage ? history.replaceState : push).call(this, state, unused, url);
  };
}
