// What must outlive a release, as one small file each, in a folder that releases share.
//
// While one release takes over from another, two processes read and write here. So a file appears
// whole or not at all: it is written beside the others and then renamed, or linked, into place.

import { createHash, randomUUID } from 'node:crypto';
import { link, mkdir, open, readFile, readdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';

const UNFINISHED = '.unfinished';

// Whoever just read a file may still be about to write it again; after an hour nobody is.
const GRACE = 3600;

export const now = () => Math.floor(Date.now() / 1000);

const missing = (mistake) => {
  if (mistake.code !== 'ENOENT') throw mistake;
};

export class Files {
  #folder;

  constructor(folder) {
    this.#folder = folder;
  }

  // Identifiers come from visitors; a hash of one is always a harmless file name.
  #path(kind, id) {
    return join(this.#folder, kind, createHash('sha256').update(id).digest('hex'));
  }

  async #unfinished(record) {
    const path = join(this.#folder, UNFINISHED, randomUUID());
    const file = await open(path, 'wx', 0o600);
    try {
      await file.writeFile(JSON.stringify(record));
      await file.sync();
    } finally {
      await file.close();
    }
    return path;
  }

  async #folderOf(kind) {
    for (const name of [UNFINISHED, kind]) {
      await mkdir(join(this.#folder, name), { recursive: true, mode: 0o700 });
    }
  }

  async #record(path) {
    const text = await readFile(path, 'utf8').catch(missing);
    return text && JSON.parse(text);
  }

  async #names(folder) {
    return (await readdir(join(this.#folder, folder)).catch(missing)) ?? [];
  }

  // What was written, or undefined when there is nothing or it has expired.
  async read(kind, id) {
    const record = await this.#record(this.#path(kind, id));
    return record && (record.expires ?? Infinity) > now() ? record.value : undefined;
  }

  // `expires` is in seconds since 1970; without it the file stays.
  async write(kind, id, value, expires) {
    await this.#folderOf(kind);
    await rename(await this.#unfinished({ expires, value }), this.#path(kind, id));
  }

  // Whether it was ours to write: of two who create the same, only one is told yes.
  async create(kind, id, value) {
    await this.#folderOf(kind);
    const path = await this.#unfinished({ value });
    try {
      await link(path, this.#path(kind, id));
      return true;
    } catch (mistake) {
      if (mistake.code !== 'EEXIST') throw mistake;
      return false;
    } finally {
      await rm(path);
    }
  }

  async remove(kind, id) {
    await rm(this.#path(kind, id), { force: true });
  }

  // Every file of a kind is read: fine for thousands, and there is no index to go wrong.
  async removeWhere(kind, matches) {
    for (const name of await this.#names(kind)) {
      const path = join(this.#folder, kind, name);
      const record = await this.#record(path);
      if (record && matches(record.value)) await rm(path, { force: true });
    }
  }

  // Removes what has expired, and what a process left behind that was killed while it wrote.
  async sweep() {
    const before = now() - GRACE;
    for (const kind of await this.#names('.')) {
      for (const name of await this.#names(kind)) {
        const path = join(this.#folder, kind, name);
        const expired =
          kind === UNFINISHED
            ? ((await stat(path).catch(missing))?.mtimeMs ?? Infinity) < before * 1000
            : ((await this.#record(path))?.expires ?? Infinity) < before;
        if (expired) await rm(path, { force: true });
      }
    }
  }
}

// One of oidc-provider's models (sessions, grants, tokens…), kept in files.
export class Adapter {
  #files;
  #model;

  constructor(files, model) {
    this.#files = files;
    this.#model = model;
  }

  async upsert(id, payload, seconds) {
    const expires = seconds ? now() + seconds : undefined;
    await this.#files.write(this.#model, id, payload, expires);
    if (this.#model === 'Session') {
      await this.#files.write('SessionUid', payload.uid, id, expires);
    }
  }

  find(id) {
    return this.#files.read(this.#model, id);
  }

  async findByUid(uid) {
    const id = await this.#files.read('SessionUid', uid);
    return id && this.find(id);
  }

  async consume(id) {
    const payload = await this.find(id);
    if (payload) {
      await this.#files.write(this.#model, id, { ...payload, consumed: now() }, payload.exp);
    }
  }

  destroy(id) {
    return this.#files.remove(this.#model, id);
  }

  revokeByGrantId(grantId) {
    return this.#files.removeWhere(this.#model, (payload) => payload.grantId === grantId);
  }
}
