/**
 * Loaded into a server before it starts, with --expose-gc: on SIGUSR2 it says in one line what it holds after a collection.
 * Plain JavaScript, because the server's threads load it too.
 */
process.on('SIGUSR2', () => {
  const collect = globalThis.gc;
  collect();
  // What ends because of the first collection is free after the second.
  setImmediate(() => {
    collect();
    process.stdout.write(`measured ${JSON.stringify(process.memoryUsage())}\n`);
  });
});
