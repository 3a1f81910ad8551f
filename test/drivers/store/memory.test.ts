import test from 'ava';
import { MemoryStore } from '../../../src/drivers/store/memory.ts';
import { conformance } from './conformance.ts';

conformance(test, async () => new MemoryStore());
