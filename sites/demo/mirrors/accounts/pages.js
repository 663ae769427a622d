// What the pages look like: HTML from a few values, and how it is sent.

import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';

const beside = (name) => readFileSync(new URL(name, import.meta.url), 'utf8');

const EDITION = beside('edition.txt').trim();
const STYLE = beside('style.css');
const STYLE_ADDRESS = `/style.css?${createHash('sha256').update(STYLE).digest('hex').slice(0, 8)}`;

const MARKS = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };

class Html extends String {}

// A template whose values are text, escaped, unless they are HTML themselves.
function html(strings, ...values) {
  const part = (value) =>
    value instanceof Html ? value : String(value ?? '').replace(/[&<>"']/g, (mark) => MARKS[mark]);
  return new Html(String.raw({ raw: strings }, ...values.map(part)));
}

const trusted = (text) => new Html(text);

const waves = html`<svg class="waves" viewBox="0 0 1200 76" preserveAspectRatio="none" aria-hidden="true">
  <path d="M0 40q75-24 150 0t150 0 150 0 150 0 150 0 150 0 150 0 150 0v36H0z" fill="#5d93b3" opacity=".45"/>
  <path d="M0 54q60-18 120 0t120 0 120 0 120 0 120 0 120 0 120 0 120 0 120 0 120 0v22H0z" fill="#eef4f8"/>
</svg>`;

const pass = html`<svg class="pass" viewBox="0 0 340 210" aria-hidden="true">
  <g transform="rotate(-6 170 105)">
    <path d="M30 40h280q12 0 12 12v26a20 20 0 0 0 0 40v40q0 12-12 12H30q-12 0-12-12v-40a20 20 0 0 0 0-40V52q0-12 12-12z" fill="#f4f8fa"/>
    <path d="M18 74V52q0-12 12-12h280q12 0 12 12v22z" fill="#e0603a"/>
    <path d="M232 80v84" stroke="#b9cfdd" stroke-width="3" stroke-dasharray="2 8" stroke-linecap="round"/>
    <circle cx="66" cy="114" r="20" fill="#12395b"/><path d="M36 162q4-26 30-26t30 26z" fill="#12395b"/>
    <g stroke="#8fb8d1" stroke-width="6" stroke-linecap="round"><path d="M118 104h88M118 126h64M118 148h78"/></g>
    <g fill="none" stroke="#12395b" stroke-width="6" stroke-linecap="round"><circle cx="276" cy="96" r="9"/><path d="M276 106v50M254 128q2 28 22 28t22-28M264 116h24"/></g>
  </g>
</svg>`;

function page(title, content, small) {
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title} · Boarding Pass</title>
<link rel="stylesheet" href="${STYLE_ADDRESS}">
</head>
<body${trusted(small ? ' class="small"' : '')}>
<header>
  <div class="inside">
    <nav><a class="name" href="/">Boarding Pass<span>.</span></a><span class="edition">${EDITION}</span></nav>
    ${content.hero ?? ''}
  </div>
  ${small ? '' : pass}
  ${waves}
</header>
<main class="inside">${content.main}</main>
<footer><div class="inside"><strong>Boarding Pass</strong>Every page here came down the slipway: built once, verified on
staging, promoted as it was.</div></footer>
</body>
</html>
`;
}

const card = (title, content) => page(title, { main: html`<section class="card">${content}</section>` }, true);

export function home(person, address) {
  const who = person
    ? html`<h1>Welcome aboard, ${person.name}.</h1>
      <p>You have been one of the crew since ${new Date(person.since * 1000).toISOString().slice(0, 10)}.</p>
      <a class="button" href="${address}">Sign out</a>`
    : html`<h1>One pass for every&nbsp;deck.</h1>
      <p>Your name and password stay here. Who wants to know you asks this page, and this page asks you.</p>
      <a class="button" href="${address}">Sign in</a>`;
  const main = html`<div class="cards">
    <section><h2>Nobody is signed out</h2><p>A release takes over while you are signed in, and you stay signed in.
    So does every program that you allowed.</p></section>
    <section><h2>Your word, each time</h2><p>A program learns who you are when you say so, and only what you were
    shown before.</p></section>
    <section><h2>An open standard</h2><p>This is an OpenID Connect provider.
    <a href="/.well-known/openid-configuration">Its description</a> is for programs to read.</p></section>
  </div>`;
  return page('Accounts', { hero: html`<div class="hero">${who}</div>`, main });
}

export function credentials(uid, joins, name, why) {
  const other = joins
    ? html`<a href="/sign-in/${uid}">I have an account</a>`
    : html`<a href="/sign-in/${uid}/join">I am new here</a>`;
  const verb = joins ? 'Come aboard' : 'Sign in';
  return card(
    verb,
    html`<h1>${verb}</h1>
    ${why ? html`<p class="why" role="alert">${why}</p>` : ''}
    <form method="post" action="/sign-in/${uid}${joins ? '/join' : ''}">
      <label>Name <input name="name" value="${name}" required maxlength="31" autocomplete="username"
        autocapitalize="none" spellcheck="false" ${name ? '' : 'autofocus'}></label>
      <label>Password <input name="password" type="password" required maxlength="200"
        autocomplete="${joins ? 'new-password' : 'current-password'}" ${name ? 'autofocus' : ''}></label>
      <button>${joins ? 'Make my account' : 'Sign in'}</button>
    </form>
    <p class="other">${other}</p>`,
  );
}

export function consent(uid, client, name) {
  return card(
    'Your word',
    html`<h1>May it know you?</h1>
    <p><strong>${client}</strong> would like to know that you are <strong>${name}</strong>.</p>
    <form method="post" action="/sign-in/${uid}"><button>Yes, go on</button></form>
    <form method="post" action="/sign-in/${uid}/no"><button class="quiet">No</button></form>`,
  );
}

// `form` is oidc-provider's: it holds what keeps other sites from signing anybody out.
export function leaving(form) {
  return card(
    'Sign out',
    html`<h1>Sign out?</h1>
    <p>You are signed in here, and wherever you went from here.</p>
    ${trusted(form)}
    <button form="op.logoutForm" name="logout" value="yes">Yes, sign me out</button>
    <button form="op.logoutForm" class="quiet">Stay</button>`,
  );
}

export const left = () => card('Until soon', html`<h1>Until soon.</h1><p><a href="/">Back to the start</a></p>`);

export function mistake(why) {
  return card('Not like this', html`<h1>Not like this</h1><p>${why}</p><p class="other"><a href="/">Back to the start</a></p>`);
}

export function show(ctx, content) {
  ctx.set('Cache-Control', 'no-store');
  ctx.set('Content-Security-Policy', "default-src 'none'; style-src 'self'; base-uri 'none'; frame-ancestors 'none'");
  ctx.set('Referrer-Policy', 'same-origin');
  ctx.type = 'html';
  ctx.body = String(content);
}

export function style(ctx) {
  ctx.set('Cache-Control', 'public, max-age=31536000, immutable');
  ctx.type = 'css';
  ctx.body = STYLE;
}
