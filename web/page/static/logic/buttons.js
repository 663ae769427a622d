// The names of the force schedulers, as `schedulers/buttons.py` makes them.

/**
 * A button for one component in one environment.
 *
 * @param {string} component
 * @param {string} environment
 * @param {"approve" | "hold" | "promote" | "release-hold" | "roll-back"} action
 */
export function componentButton(component, environment, action) {
  return `${component}-${environment}-${action}`;
}

/**
 * A button for all components in one environment.
 *
 * @param {string} environment
 * @param {"freeze" | "promote-all" | "return" | "thaw"} action
 */
export function siteButton(environment, action) {
  return `site-${environment}-${action}`;
}
