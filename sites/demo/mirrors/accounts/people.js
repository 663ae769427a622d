// The people who have an account: a name, a password, and since when.

import { randomBytes, randomUUID, scrypt, timingSafeEqual } from 'node:crypto';
import { promisify } from 'node:util';

import { now } from './files.js';

const NAME = /^[a-z0-9][a-z0-9._-]{1,30}$/;
const SHORTEST = 10;
const LONGEST = 200;

// OWASP's setting for little memory: 16 MB, and about a fifth of a second for each guess.
// https://cheatsheetseries.owasp.org/cheatsheets/Password_Storage_Cheat_Sheet.html#scrypt
const COST = { N: 2 ** 14, r: 8, p: 5 };

const hash = async (password, salt) =>
  promisify(scrypt)(password.normalize('NFKC'), Buffer.from(salt, 'base64url'), 32, COST);

export class People {
  #files;

  constructor(files) {
    this.#files = files;
  }

  find(name) {
    return this.#files.read('Person', name);
  }

  async findBySubject(subject) {
    const name = await this.#files.read('Subject', subject);
    return name && this.find(name);
  }

  // The new person, or a sentence that says what to do differently.
  async join(name, password) {
    if (!NAME.test(name)) {
      return 'A name has 2 to 31 small letters, digits, dots, hyphens or underscores.';
    }
    if (password.length < SHORTEST || password.length > LONGEST) {
      return `A password has at least ${SHORTEST} characters; a short sentence is a good one.`;
    }
    const salt = randomBytes(16).toString('base64url');
    const person = {
      // Clients know people by this: a name that is given up must not become somebody else's key.
      subject: randomUUID(),
      name,
      since: now(),
      salt,
      hash: (await hash(password, salt)).toString('base64url'),
    };
    // The subject first: should the power go now, it leads to nobody.
    await this.#files.write('Subject', person.subject, name);
    if (await this.#files.create('Person', name, person)) return person;
    await this.#files.remove('Subject', person.subject);
    return 'Somebody has that name already.';
  }

  async recognize(name, password) {
    const person = await this.find(name);
    // Nobody's password takes as long to refuse as somebody's: names cannot be found out by time.
    const given = await hash(password.slice(0, LONGEST + 1), person?.salt ?? '');
    const kept = person ? Buffer.from(person.hash, 'base64url') : Buffer.alloc(given.length);
    return timingSafeEqual(given, kept) && person ? person : undefined;
  }
}
