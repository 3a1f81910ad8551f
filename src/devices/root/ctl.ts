import { Verbs } from '../../files/verbs.ts';
import type { Server } from '../server.ts';
import { importFile } from './import.ts';

/** Commands to the server. */
export const ctl = (server: Server): Verbs => {
  const { agents } = server;
  return new Verbs(server.world, [
    {
      name: 'new',
      args: 'NAME [MODEL]',
      says: 'define an agent',
      run: async ([name, model], { subject }) => {
        await agents.define(name!, subject, model);
        return undefined;
      },
    },
    {
      name: 'remove',
      args: 'NAME',
      says: 'archive an agent',
      run: async ([name], { subject }) => `archived as ${await agents.archive(name!, subject)}`,
    },
    {
      name: 'restore',
      args: 'NAME [AS]',
      says: 'bring an agent back from the archive: NAME@TIME, or the newest of NAME',
      run: async ([name, as], { subject }) => `restored agents/${(await agents.unarchive(name!, subject, as)).name}`,
    },
    {
      name: 'import',
      args: 'PATH',
      says: "make an agent of a manifest, ours or Coop's, in a file of the server's host",
      run: ([path], { subject }) => importFile(agents, path!, subject),
    },
    {
      name: 'sync',
      args: '',
      says: 'everything acknowledged so far is on disk when this returns',
      run: async () => {
        await server.sync();
        return undefined;
      },
    },
    {
      name: 'shutdown',
      args: '',
      says: 'end the server in order',
      run: () => {
        server.shutdown();
        return undefined;
      },
    },
  ]);
};
