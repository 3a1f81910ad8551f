// Loads the bundle with V8's compiled form of it beside it: compiling costs more time than the rest of a short command.
// The compiled form carries size and time of the file it was made from and is left aside where they, or this V8, differ.
const { closeSync, fstatSync, openSync, readFileSync } = require('node:fs');
const { createRequire } = require('node:module');
const { dirname } = require('node:path');
const { Script } = require('node:vm');

const HEADER = 16;

const read = (path) => {
  const descriptor = openSync(path, 'r');
  try {
    const { size, mtimeMs } = fstatSync(descriptor);
    const header = Buffer.alloc(HEADER);
    header.writeDoubleLE(size, 0);
    header.writeDoubleLE(mtimeMs, 8);
    return { header, source: readFileSync(descriptor, 'utf8') };
  } finally {
    closeSync(descriptor);
  }
};

const cacheOf = (bundle) => `${bundle}.cache`;

const readCache = (bundle, header) => {
  try {
    const data = readFileSync(cacheOf(bundle));
    return data.subarray(0, HEADER).equals(header) ? data.subarray(HEADER) : undefined;
  } catch (error) {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  }
};

const compile = (bundle, useCache) => {
  const { header, source } = read(bundle);
  const wrapped = `(function (exports, require, module, __filename, __dirname) {${source}\n})`;
  const cachedData = useCache ? readCache(bundle, header) : undefined;
  return { header, script: new Script(wrapped, { filename: bundle, cachedData }) };
};

/** The name and content of the compiled form of a bundle. */
exports.cache = (bundle) => {
  const { header, script } = compile(bundle, false);
  return { path: cacheOf(bundle), contents: Buffer.concat([header, script.createCachedData()]) };
};

exports.run = (bundle) => {
  const module = { exports: {} };
  const { script } = compile(bundle, true);
  script.runInThisContext()(module.exports, createRequire(bundle), module, bundle, dirname(bundle));
};
