// The accounts service: an OpenID Connect provider with pages of its own, on a Unix socket.

import { rmSync } from 'node:fs';
import { createServer } from 'node:http';

import { application } from './application.js';

const HOUR = 3600 * 1000;

function required(name) {
  const value = process.env[name];
  if (!value) throw new Error(`${name} is missing in the environment`);
  return value;
}

const socket = required('SLIPWAY_SOCKET');
const { files, handler } = application({
  issuer: required('ACCOUNTS_ISSUER'),
  secret: required('ACCOUNTS_SECRET'),
  folder: required('ACCOUNTS_FOLDER'),
  release: required('SLIPWAY_RELEASE'),
});

// Also tells us now, and not at the first visitor, when the folder cannot be read.
await files.sweep();
setInterval(() => files.sweep().catch(console.error), HOUR).unref();

// A process that was killed leaves its socket behind, and nobody can listen where one lies.
rmSync(socket, { force: true });
const server = createServer(handler).listen(socket);

process.once('SIGTERM', () => {
  server.close();
  // The edge keeps connections open for its next request, which the newer release shall answer.
  const idle = () => server.closeIdleConnections();
  idle();
  setInterval(idle, 50).unref();
});
