// The pages: `/`, and those on which people sign in, join, and say what a program may know.

import * as pages from './pages.js';
import { signInAddress, signOutAddress } from './provider.js';

const LONGEST_FORM = 4096;

async function fields(ctx) {
  let text = '';
  for await (const part of ctx.req) {
    text += part;
    if (text.length > LONGEST_FORM) ctx.throw(413);
  }
  const form = new URLSearchParams(text);
  const name = (form.get('name') ?? '').trim().toLowerCase();
  return { name, password: form.get('password') ?? '' };
}

export function routes(oidc, issuer, people) {
  async function home(ctx) {
    const session = await oidc.Session.get(ctx);
    const person = session.accountId && (await people.findBySubject(session.accountId));
    const address = person ? signOutAddress(issuer) : signInAddress(issuer);
    pages.show(ctx, pages.home(person, address));
  }

  // Whoever comes late, or without the cookie, is told so instead of being shown a form.
  const interaction = (ctx) =>
    oidc.interactionDetails(ctx.req, ctx.res).catch((mistake) => {
      if (mistake.name !== 'SessionNotFound') throw mistake;
    });

  async function ask(ctx, details, action) {
    if (details.prompt.name === 'consent') {
      const client = await oidc.Client.find(details.params.client_id);
      const person = await people.findBySubject(details.session.accountId);
      return pages.show(ctx, pages.consent(details.uid, client.clientName, person.name));
    }
    return pages.show(ctx, pages.credentials(details.uid, action === 'join'));
  }

  async function enter(ctx, details, action) {
    const { name, password } = await fields(ctx);
    const joins = action === 'join';
    const person = joins ? await people.join(name, password) : await people.recognize(name, password);
    if (person?.subject) return finish(ctx, { login: { accountId: person.subject } });
    const why = person ?? 'That is not a name and its password.';
    ctx.status = 422;
    return pages.show(ctx, pages.credentials(details.uid, joins, name, why));
  }

  async function allow(ctx, { prompt, params, session, grantId }) {
    const grant = grantId
      ? await oidc.Grant.find(grantId)
      : new oidc.Grant({ accountId: session.accountId, clientId: params.client_id });
    grant.addOIDCScope((prompt.details.missingOIDCScope ?? []).join(' '));
    grant.addOIDCClaims(prompt.details.missingOIDCClaims ?? []);
    return finish(ctx, { consent: { grantId: await grant.save() } });
  }

  async function finish(ctx, result) {
    ctx.redirect(await oidc.interactionResult(ctx.req, ctx.res, result));
    ctx.status = 303;
  }

  async function signIn(ctx, action) {
    const details = await interaction(ctx);
    if (!details) {
      ctx.status = 410;
      return pages.show(ctx, pages.mistake('This took longer than an hour. Please start again.'));
    }
    if (ctx.method === 'GET') return ask(ctx, details, action);
    if (action === 'no') return finish(ctx, { error: 'access_denied' });
    return details.prompt.name === 'consent' ? allow(ctx, details) : enter(ctx, details, action);
  }

  return async (ctx, next) => {
    const [, uid, action] = /^\/sign-in\/([\w-]+)(?:\/(join|no))?$/.exec(ctx.path) ?? [];
    if (uid && ['GET', 'POST'].includes(ctx.method)) return signIn(ctx, action);
    if (!['GET', 'HEAD'].includes(ctx.method)) return next();
    if (ctx.path === '/') return home(ctx);
    if (ctx.path === '/signed-in') return ctx.redirect('/');
    if (ctx.path === '/style.css') return pages.style(ctx);
    return next();
  };
}
