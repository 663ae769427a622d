// Written by `make bundle` from web/page/source; change it there.

// web/page/source/scripts.js
(function() {
  const h = React.createElement;
  const board = React.lazy(() => import("./board.js").then((file) => ({ default: file.Board })));
  const history = React.lazy(
    () => import("./history.js").then((file) => ({ default: file.History }))
  );
  const release = React.lazy(
    () => import("./release.js").then((file) => ({ default: file.Release }))
  );
  const figures = React.lazy(
    () => import("./figures.js").then((file) => ({ default: file.Figures }))
  );
  const machines = React.lazy(
    () => import("./machines.js").then((file) => ({ default: file.Machines }))
  );
  const store = React.lazy(() => import("./store.js").then((file) => ({ default: file.Store })));
  const upstream = React.lazy(
    () => import("./upstream.js").then((file) => ({ default: file.Upstream }))
  );
  const views = [
    { route: "/releases", view: board },
    { route: "/releases/history", view: history },
    { route: "/releases/history/:component", view: history },
    { route: "/releases/release/:digest", view: release },
    { route: "/releases/figures", view: figures },
    { route: "/releases/machines", view: machines },
    { route: "/releases/store", view: store },
    { route: "/releases/upstream", view: upstream }
  ];
  BuildbotPluginSupport.buildbotSetupPlugin((registration) => {
    registration.registerMenuGroup({
      name: "releases",
      caption: "Releases",
      icon: h("span", { "aria-hidden": true }, "⇧"),
      order: 1,
      route: "/releases",
      parentName: null
    });
    const loading = h("p", { className: "sw-note" }, "Loading…");
    for (const { route, view } of views) {
      registration.registerRoute({
        route,
        group: "releases",
        element: () => h(React.Suspense, { fallback: loading }, h(view))
      });
    }
  });
})();
