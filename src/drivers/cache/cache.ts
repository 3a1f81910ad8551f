/** A cache with a bound: what was used longest ago goes first. Maintained elsewhere, and faster than a Map kept in order. */
export { LRUCache as Lru } from 'lru-cache';
