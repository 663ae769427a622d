// The OpenID Connect provider: which programs may ask who somebody is, and with which keys.

import { createPrivateKey, hkdfSync } from 'node:crypto';

import Provider from 'oidc-provider';

import { Adapter } from './files.js';
import * as pages from './pages.js';

const MINUTE = 60;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

// The environment gives one secret; each use has a key of its own, the same after every restart,
// so that nobody is signed out by a release and every token stays valid.
const derived = (secret, use) => Buffer.from(hkdfSync('sha256', secret, '', use, 32));

// RFC 8410, section 7: what stands before the 32 bytes of an Ed25519 key in PKCS #8.
const ED25519 = Buffer.from('302e020100300506032b657004220420', 'hex');

function signingKey(secret) {
  const key = Buffer.concat([ED25519, derived(secret, 'accounts: tokens')]);
  const jwk = createPrivateKey({ key, format: 'der', type: 'pkcs8' }).export({ format: 'jwk' });
  return { ...jwk, use: 'sig', alg: 'EdDSA' };
}

const HOME = 'home';

const clients = (issuer) => [
  {
    // The page at `/`. It only wants somebody to be signed in, so it is given neither code nor token.
    client_id: HOME,
    client_name: 'Boarding Pass',
    response_types: ['none'],
    grant_types: [],
    redirect_uris: [`${issuer}/signed-in`],
    post_logout_redirect_uris: [`${issuer}/`],
  },
  {
    // A program on somebody's own machine, which listens there on any port (RFC 8252, section 7.3).
    client_id: 'terminal',
    client_name: 'A program on your machine',
    application_type: 'native',
    response_types: ['code'],
    grant_types: ['authorization_code', 'refresh_token'],
    redirect_uris: ['http://127.0.0.1/callback'],
  },
];

export function provider(issuer, secret, files, people) {
  const made = new Provider(issuer, {
    adapter: (model) => new Adapter(files, model),
    jwks: { keys: [signingKey(secret)] },
    cookies: {
      keys: [derived(secret, 'accounts: cookies').toString('base64url')],
      long: { httpOnly: true, sameSite: 'lax' },
    },
    clients: clients(issuer),
    clientDefaults: { token_endpoint_auth_method: 'none', id_token_signed_response_alg: 'EdDSA' },
    enabledJWA: { idTokenSigningAlgValues: ['EdDSA'] },
    responseTypes: ['code', 'none'],
    claims: { openid: ['sub'], profile: ['preferred_username'] },
    ttl: {
      AccessToken: HOUR,
      AuthorizationCode: MINUTE,
      Grant: 14 * DAY,
      IdToken: HOUR,
      Interaction: HOUR,
      RefreshToken: 14 * DAY,
      Session: 14 * DAY,
    },
    features: {
      devInteractions: { enabled: false },
      pushedAuthorizationRequests: { enabled: false },
      resourceIndicators: { enabled: false },
      revocation: { enabled: true },
      rpInitiatedLogout: {
        logoutSource: (ctx, form) => pages.show(ctx, pages.leaving(form)),
        postLogoutSuccessSource: (ctx) => pages.show(ctx, pages.left()),
      },
    },
    interactions: { url: (ctx, interaction) => `/sign-in/${interaction.uid}` },
    clientBasedCORS: () => false,
    renderError: (ctx, { error, error_description: description }) =>
      pages.show(ctx, pages.mistake(description ?? error)),

    async findAccount(ctx, subject) {
      const person = await people.findBySubject(subject);
      const claims = () => ({ sub: subject, preferred_username: person.name });
      return person && { accountId: subject, claims };
    },

    // Our own page need not ask whether it may know who somebody is; everybody else has to.
    async loadExistingGrant({ oidc }) {
      const { client, session, result } = oidc;
      const id = result?.consent?.grantId ?? session.grantIdFor(client.clientId);
      if (id) return made.Grant.find(id);
      if (client.clientId !== HOME) return undefined;
      const grant = new made.Grant({ clientId: HOME, accountId: session.accountId });
      grant.addOIDCScope('openid');
      await grant.save();
      return grant;
    },
  });
  // Visitors come through the edge, which says in headers how they came: always by https.
  made.proxy = true;
  return made;
}

export const signInAddress = (issuer) =>
  `/auth?${new URLSearchParams({
    client_id: HOME,
    response_type: 'none',
    scope: 'openid',
    redirect_uri: `${issuer}/signed-in`,
  })}`;

export const signOutAddress = (issuer) =>
  `/session/end?${new URLSearchParams({
    client_id: HOME,
    post_logout_redirect_uri: `${issuer}/`,
  })}`;
