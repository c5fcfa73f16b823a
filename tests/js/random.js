/** Random numbers that come again with their seed, for walks that have to be repeatable. */

/**
 * @param {number} seed
 * @returns {{ below: (n: number) => number, pick: (list: any[]) => any, chance: (share: number) => boolean }}
 */
export function createRandom(seed) {
    let state = seed >>> 0;
    /** Marsaglia's xorshift (2003), as a share of one. */
    function next() {
        state ^= state << 13;
        state ^= state >>> 17;
        state ^= state << 5;
        return (state >>> 0) / 2 ** 32;
    }
    state = (seed + 1) * 0x9e3779b1 | 0 || 1;
    for (let warm = 0; warm < 8; warm++) next();
    const below = (n) => Math.floor(next() * n);
    return { below, pick: (list) => list[below(list.length)], chance: (share) => next() < share };
}
