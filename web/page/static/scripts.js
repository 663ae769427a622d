// Tells the Buildbot UI of the Releases page; the page itself is loaded when somebody opens it.
// React and the UI's own parts are on `window`: buildbot-www puts them there for its plugins.
(function () {
  const h = React.createElement;
  const here = new URL("plugins/releases/", document.baseURI);

  const pages = [
    ["/releases", "board.js", "Board"],
    ["/releases/history", "history.js", "History"],
    ["/releases/history/:component", "history.js", "History"],
    ["/releases/release/:digest", "release.js", "Release"],
    ["/releases/figures", "figures.js", "Figures"],
    ["/releases/machines", "machines.js", "Machines"],
  ];

  function page(file, name) {
    return React.lazy(() =>
      import(new URL(file, here)).then((module) => ({ default: module[name] })),
    );
  }

  BuildbotPluginSupport.buildbotSetupPlugin((registration) => {
    registration.registerMenuGroup({
      name: "releases",
      caption: "Releases",
      icon: h("span", { "aria-hidden": true }, "⇧"),
      order: 1,
      route: "/releases",
      parentName: null,
    });
    for (const [route, file, name] of pages) {
      const view = page(file, name);
      const waiting = h("p", { className: "sw-note" }, "Loading…");
      registration.registerRoute({
        route,
        group: "releases",
        element: () => h(React.Suspense, { fallback: waiting }, h(view)),
      });
    }
  });
})();
