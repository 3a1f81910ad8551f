import { commands } from './cli/commands.ts';
import { describe, exitCodeOf } from './cli/failure.ts';
import { quietPipes } from './cli/output.ts';
import { parse } from './cli/parse.ts';
import { version } from './package.ts';

const main = async (): Promise<number> => {
  quietPipes();
  try {
    const parsed = parse(process.argv.slice(2), commands, version);
    if (!parsed) return 0;
    const { run } = await parsed.command.load();
    return (await run(parsed.words, parsed.flags)) ?? 0;
  } catch (error) {
    process.stderr.write(`${describe(error)}\n`);
    return exitCodeOf(error);
  }
};

void main().then((code) => {
  process.exitCode = code;
});
