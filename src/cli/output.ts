/**
 * Standard output. A reader that went away (`weft cat log | head -1`) ends the program quietly, as SIGPIPE would; any
 * other failure, such as a full disk, is an error like every other.
 */
export const print = (data: string | Uint8Array): Promise<void> =>
  new Promise((resolve, reject) => {
    process.stdout.write(data, (error) => {
      if (error) reject(error);
      else resolve();
    });
  });

/** 128 + SIGPIPE, what a shell shows for a program that a closed pipe ended. */
const EXIT_PIPE = 141;

/** Called once by main: without a listener an EPIPE would be an uncaught exception and its stack. */
export const quietPipes = (): void => {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EPIPE') process.exit(EXIT_PIPE);
    });
  }
};
