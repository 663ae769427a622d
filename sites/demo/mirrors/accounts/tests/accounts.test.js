// The service's tests, over HTTP on loopback: `node --test tests/accounts.test.js`.

import assert from 'node:assert/strict';
import { createHash, createPublicKey, verify } from 'node:crypto';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { createServer, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';

import { application } from '../application.js';

const ISSUER = 'https://accounts.example.invalid:8443';
const SECRET = 'not a secret, only long enough to be one';
const BACK = 'http://127.0.0.1:4711/callback';
const VERIFIER = 'v'.repeat(43);
const PASSWORD = 'a short sentence';

const folder = mkdtempSync(join(tmpdir(), 'accounts-'));
const releases = [];

// Two releases on one folder, as they run while the newer one takes over.
before(async () => {
  for (const release of ['a'.repeat(64), 'b'.repeat(64)]) {
    const made = application({ issuer: ISSUER, secret: SECRET, folder, release });
    const server = createServer(made.handler);
    await new Promise((listens) => server.listen(0, '127.0.0.1', listens));
    releases.push({ ...made, release, server });
  }
});

after(() => {
  for (const { server } of releases) server.close();
  rmSync(folder, { recursive: true });
});

// A browser behind the edge; every request goes to the other release than the one before.
class Visitor {
  #cookies = new Map();
  #requests = 0;

  ask(method, address, form, headers = {}) {
    const { pathname, search, host } = new URL(address, ISSUER);
    const { server, release } = releases[this.#requests++ % releases.length];
    const cookie = [...this.#cookies].map((pair) => pair.join('=')).join('; ');
    return new Promise((answered, failed) => {
      const outgoing = request(
        {
          port: server.address().port,
          host: '127.0.0.1',
          agent: false,
          method,
          path: pathname + search,
          headers: {
            'X-Forwarded-Proto': 'https',
            'X-Forwarded-Host': host,
            ...(form && { 'Content-Type': 'application/x-www-form-urlencoded' }),
            ...(cookie && { Cookie: cookie }),
            ...headers,
          },
        },
        async (incoming) => {
          assert.equal(incoming.headers['x-slipway-release'], release);
          for (const line of incoming.headers['set-cookie'] ?? []) this.#keep(line);
          let text = '';
          for await (const part of incoming) text += part;
          answered({ status: incoming.statusCode, headers: incoming.headers, text });
        },
      );
      outgoing.on('error', failed);
      outgoing.end(form && String(new URLSearchParams(form)));
    });
  }

  #keep(line) {
    assert.match(line, /; secure/i);
    assert.match(line, /; httponly/i);
    const [, name, value] = /^([^=]+)=([^;]*)/.exec(line);
    if (value) this.#cookies.set(name, value);
    else this.#cookies.delete(name);
  }

  // Follows redirects as far as a page, or as far as another program's address.
  async go(address) {
    for (let steps = 0; steps < 10; steps += 1) {
      const answer = await this.ask('GET', address);
      if (![302, 303].includes(answer.status)) return answer;
      address = new URL(answer.headers.location, ISSUER).href;
      if (!address.startsWith(ISSUER)) return { ...answer, address };
    }
    throw new Error(`${address} leads in circles`);
  }

  async post(address, form) {
    const answer = await this.ask('POST', address, form);
    return answer.status === 303 ? this.go(answer.headers.location) : answer;
  }
}

const formIn = ({ text }) => /action="([^"]+)"/.exec(text)[1];
const signInOn = ({ text }) => /href="(\/auth[^"]+)"/.exec(text)[1].replaceAll('&amp;', '&');

const token = async (visitor, form) => {
  const { text } = await visitor.ask('POST', '/token', { client_id: 'terminal', ...form });
  return JSON.parse(text);
};

const wants = new URLSearchParams({
  client_id: 'terminal',
  response_type: 'code',
  scope: 'openid profile offline_access',
  prompt: 'consent',
  redirect_uri: BACK,
  code_challenge: createHash('sha256').update(VERIFIER).digest('base64url'),
  code_challenge_method: 'S256',
  state: 'kept',
});

async function member(name) {
  const visitor = new Visitor();
  const form = await visitor.go(signInOn(await visitor.go('/')));
  const page = await visitor.post(`${formIn(form)}/join`, { name, password: PASSWORD });
  assert.match(page.text, new RegExp(`Welcome aboard, ${name}`));
  return visitor;
}

test('the page shows the edition', async () => {
  const { status, text } = await new Visitor().go('/');
  assert.equal(status, 200);
  assert.match(text, />Edition \d+</);
});

test('the description names https addresses of this environment only', async () => {
  const { text } = await new Visitor().go('/.well-known/openid-configuration');
  const description = JSON.parse(text);
  assert.equal(description.issuer, ISSUER);
  assert.equal(description.authorization_endpoint, `${ISSUER}/auth`);
  for (const address of text.match(/https?:[^"]+/g)) assert.ok(address.startsWith(ISSUER), address);
});

test('who joins is signed in, can sign out, and in again', async () => {
  const visitor = await member('renata');
  const question = await visitor.go('/session/end?client_id=home');
  const xsrf = /name="xsrf" value="([^"]+)"/.exec(question.text)[1];
  await visitor.post('/session/end/confirm', { xsrf, logout: 'yes' });
  const form = await visitor.go(signInOn(await visitor.go('/')));
  const refused = await visitor.post(formIn(form), { name: 'renata', password: 'guessed it' });
  assert.equal(refused.status, 422);
  const { text } = await visitor.post(formIn(form), { name: 'Renata ', password: PASSWORD });
  assert.match(text, /Welcome aboard, renata/);
});

test('a name is taken once, and what a visitor writes is never markup', async () => {
  const visitor = new Visitor();
  const form = `${formIn(await visitor.go(signInOn(await visitor.go('/'))))}/join`;
  await member('twice');
  const taken = await visitor.post(form, { name: 'twice', password: PASSWORD });
  assert.match(taken.text, /has that name already/);
  const odd = await visitor.post(form, { name: '"><script>', password: PASSWORD });
  assert.equal(odd.status, 422);
  assert.ok(!odd.text.includes('<script'));
});

test('a program is told who somebody is, with a signature, and can ask again later', async () => {
  const visitor = await member('terry');
  const question = await visitor.go(`/auth?${wants}`);
  assert.match(question.text, /A program on your machine/);
  const { address } = await visitor.post(formIn(question), {});
  assert.ok(address.startsWith(BACK), address);
  const { code, state, iss } = Object.fromEntries(new URL(address).searchParams);
  assert.deepEqual([state, iss], ['kept', ISSUER]);

  const exchange = { code, grant_type: 'authorization_code', redirect_uri: BACK, code_verifier: VERIFIER };
  const tokens = await token(visitor, exchange);
  const [header, payload, signature] = tokens.id_token.split('.');
  const { keys } = JSON.parse((await visitor.go('/jwks')).text);
  const { kid, alg } = JSON.parse(Buffer.from(header, 'base64url'));
  assert.equal(alg, 'EdDSA');
  const key = createPublicKey({ key: keys.find((jwk) => jwk.kid === kid), format: 'jwk' });
  assert.ok(verify(null, Buffer.from(`${header}.${payload}`), key, Buffer.from(signature, 'base64url')));

  const bearer = { Authorization: `Bearer ${tokens.access_token}` };
  const { text } = await visitor.ask('GET', '/me', undefined, bearer);
  const { sub } = JSON.parse(Buffer.from(payload, 'base64url'));
  assert.deepEqual(JSON.parse(text), { sub, preferred_username: 'terry' });

  const renewal = { grant_type: 'refresh_token', refresh_token: tokens.refresh_token };
  assert.ok((await token(visitor, renewal)).access_token);

  // A code that is used twice was stolen: everything that came of it is taken back.
  assert.equal((await token(visitor, exchange)).error, 'invalid_grant');
  assert.equal((await visitor.ask('GET', '/me', undefined, bearer)).status, 401);
});

test('a program learns nothing from somebody who says no', async () => {
  const visitor = await member('silent');
  const question = await visitor.go(`/auth?${wants}`);
  const { address } = await visitor.post(`${formIn(question)}/no`, {});
  assert.equal(new URL(address).searchParams.get('error'), 'access_denied');
});

test('another address than the registered one is refused on a page of ours', async () => {
  const address = new URLSearchParams(wants);
  address.set('redirect_uri', 'https://elsewhere.example.invalid/');
  const { status, text } = await new Visitor().go(`/auth?${address}`);
  assert.equal(status, 400);
  assert.match(text, /Boarding Pass/);
});

test('what has expired is not found, and is swept away an hour later', async () => {
  const [{ files }] = releases;
  const seconds = Math.floor(Date.now() / 1000);
  await files.write('Test', 'old', 1, seconds - 3601);
  await files.write('Test', 'late', 2, seconds - 1);
  await files.write('Test', 'kept', 3);
  assert.equal(await files.read('Test', 'late'), undefined);
  await files.sweep();
  assert.equal(readdirSync(join(folder, 'Test')).length, 2);
  assert.equal(await files.read('Test', 'kept'), 3);
});

test('a sign-in that nobody began is answered with a page', async () => {
  const { status } = await new Visitor().go('/sign-in/nothing');
  assert.equal(status, 410);
});
