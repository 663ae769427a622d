// Everything but the listening: requests in, answers out.

import { Files } from './files.js';
import { People } from './people.js';
import { provider } from './provider.js';
import { routes } from './routes.js';

export function application({ issuer, secret, folder, release }) {
  const files = new Files(folder);
  const people = new People(files);
  const oidc = provider(issuer, secret, files, people);
  oidc.use((ctx, next) => {
    ctx.set('X-Slipway-Release', release);
    return next();
  });
  oidc.use(routes(oidc, issuer, people));
  oidc.on('server_error', (ctx, mistake) => console.error(mistake));
  return { files, handler: oidc.callback() };
}
