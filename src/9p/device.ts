/** makedev(3) of glibc: the number stat(2) shows for a device. */
export const makedev = (major: number, minor: number): number =>
  Number(
    (BigInt(major & 0xfff) << 8n) | (BigInt(minor >>> 8) << 20n) | BigInt(minor & 0xff) | (BigInt(major >>> 12) << 44n),
  );

export const majorOf = (device: number): number => {
  const bits = BigInt(device);
  return Number(((bits >> 8n) & 0xfffn) | ((bits >> 32n) & 0xfffff000n));
};

export const minorOf = (device: number): number => {
  const bits = BigInt(device);
  return Number((bits & 0xffn) | ((bits >> 12n) & 0xffffff00n));
};
