// What the page finds where it runs: the libraries that buildbot-www 4.3.0 puts on `window` for its
// plugins, the configuration that it writes into its HTML, and Chart.js, which our plugin serves.
// `React` itself is declared by @types/react.

declare const ReactRouterDOM: {
  Link: React.ComponentType<React.AnchorHTMLAttributes<HTMLAnchorElement> & { to: string }>;
  useParams(): Readonly<Record<string, string | undefined>>;
};

interface PluginRegistration {
  registerMenuGroup(group: {
    name: string;
    caption: string;
    icon: React.ReactNode;
    order: number;
    route: string;
    parentName: string | null;
  }): void;
  registerRoute(route: { route: string; group: string; element: () => React.ReactNode }): void;
}

declare const BuildbotPluginSupport: {
  buildbotSetupPlugin(setup: (registration: PluginRegistration) => void): void;
};

interface FrontendUser {
  anonymous?: boolean;
  email?: string;
  username?: string;
}

interface Window {
  buildbotFrontendConfig?: { user?: FrontendUser };
}

declare module "*/chart.esm.js" {
  export * from "chart.js";
}
