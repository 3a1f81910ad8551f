import { data, fid, list, maybe, mode32, mode8, qid, string, u16, u32, u64, u8 } from './fields.ts';
import type { Fields } from './struct.ts';
import { dirents } from './dirent.ts';
import { stat, statU } from './stat.ts';

/**
 * Message name -> its number and its fields after size[4] type[1] tag[2], in wire order. No field is named `type`: that is
 * what tells messages apart.
 */
export type Table = Readonly<Record<string, readonly [number, Fields]>>;

const none = {};

/** The same in all three dialects (Plan 9's intro(5)). */
const common = {
  Tversion: [100, { msize: u32, version: string }],
  Rversion: [101, { msize: u32, version: string }],
  Tflush: [108, { oldtag: u16 }],
  Rflush: [109, none],
  Twalk: [110, { fid, newfid: fid, wname: list(string) }],
  Rwalk: [111, { wqid: list(qid) }],
  Tread: [116, { fid, offset: u64, count: u32 }],
  Rread: [117, { data }],
  Twrite: [118, { fid, offset: u64, data }],
  Rwrite: [119, { count: u32 }],
  Tclunk: [120, { fid }],
  Rclunk: [121, none],
  Tremove: [122, { fid }],
  Rremove: [123, none],
} as const satisfies Table;

/** 9P2000: intro(5) and the pages after it. */
export const plain = {
  ...common,
  Tauth: [102, { afid: fid, uname: string, aname: string }],
  Rauth: [103, { aqid: qid }],
  Tattach: [104, { fid, afid: fid, uname: string, aname: string }],
  Rattach: [105, { qid }],
  Rerror: [107, { ename: string }],
  Topen: [112, { fid, mode: mode8 }],
  Ropen: [113, { qid, iounit: u32 }],
  Tcreate: [114, { fid, name: string, perm: mode32, mode: mode8 }],
  Rcreate: [115, { qid, iounit: u32 }],
  Tstat: [124, { fid }],
  Rstat: [125, { stat }],
  Twstat: [126, { fid, stat }],
  Rwstat: [127, none],
} as const satisfies Table;

/** 9P2000.u: numeric users and errors, and what a special file is in `extension`. */
export const unix = {
  ...plain,
  Tauth: [102, { afid: fid, uname: string, aname: string, n_uname: fid }],
  Tattach: [104, { fid, afid: fid, uname: string, aname: string, n_uname: fid }],
  Rerror: [107, { ename: string, errno: u32 }],
  Tcreate: [114, { fid, name: string, perm: mode32, mode: mode8, extension: string }],
  Rstat: [125, { stat: statU }],
  Twstat: [126, { fid, stat: statU }],
} as const satisfies Table;

/** 9P2000.L: what Linux speaks by default (net/9p/client.c; diod's protocol.md). */
export const linux = {
  ...common,
  Rlerror: [7, { ecode: u32 }],
  Tstatfs: [8, { fid }],
  Rstatfs: [
    9,
    {
      fstype: u32,
      bsize: u32,
      blocks: u64,
      bfree: u64,
      bavail: u64,
      files: u64,
      ffree: u64,
      fsid: u64,
      namelen: u32,
    },
  ],
  Tlopen: [12, { fid, flags: mode32 }],
  Rlopen: [13, { qid, iounit: u32 }],
  Tlcreate: [14, { fid, name: string, flags: mode32, mode: mode32, gid: u32 }],
  Rlcreate: [15, { qid, iounit: u32 }],
  Tsymlink: [16, { fid, name: string, symtgt: string, gid: u32 }],
  Rsymlink: [17, { qid }],
  Tmknod: [18, { dfid: fid, name: string, mode: mode32, major: u32, minor: u32, gid: u32 }],
  Rmknod: [19, { qid }],
  Trename: [20, { fid, dfid: fid, name: string }],
  Rrename: [21, none],
  Treadlink: [22, { fid }],
  Rreadlink: [23, { target: string }],
  Tgetattr: [24, { fid, request_mask: u64 }],
  Rgetattr: [
    25,
    {
      valid: u64,
      qid,
      mode: mode32,
      uid: u32,
      gid: u32,
      nlink: u64,
      rdev: u64,
      size: u64,
      blksize: u64,
      blocks: u64,
      atime_sec: u64,
      atime_nsec: u64,
      mtime_sec: u64,
      mtime_nsec: u64,
      ctime_sec: u64,
      ctime_nsec: u64,
      btime_sec: u64,
      btime_nsec: u64,
      gen: u64,
      data_version: u64,
    },
  ],
  Tsetattr: [
    26,
    {
      fid,
      valid: u32,
      mode: mode32,
      uid: u32,
      gid: u32,
      size: u64,
      atime_sec: u64,
      atime_nsec: u64,
      mtime_sec: u64,
      mtime_nsec: u64,
    },
  ],
  Rsetattr: [27, none],
  Txattrwalk: [30, { fid, newfid: fid, name: string }],
  Rxattrwalk: [31, { size: u64 }],
  Txattrcreate: [32, { fid, name: string, attr_size: u64, flags: u32 }],
  Rxattrcreate: [33, none],
  Treaddir: [40, { fid, offset: u64, count: u32 }],
  Rreaddir: [41, { entries: dirents }],
  Tfsync: [50, { fid, datasync: maybe(u32) }],
  Rfsync: [51, none],
  Tlock: [52, { fid, kind: u8, flags: u32, start: u64, length: u64, proc_id: u32, client_id: string }],
  Rlock: [53, { status: u8 }],
  Tgetlock: [54, { fid, kind: u8, start: u64, length: u64, proc_id: u32, client_id: string }],
  Rgetlock: [55, { kind: u8, start: u64, length: u64, proc_id: u32, client_id: string }],
  Tlink: [70, { dfid: fid, fid, name: string }],
  Rlink: [71, none],
  Tmkdir: [72, { dfid: fid, name: string, mode: mode32, gid: u32 }],
  Rmkdir: [73, { qid }],
  Trenameat: [74, { olddirfid: fid, oldname: string, newdirfid: fid, newname: string }],
  Rrenameat: [75, none],
  Tunlinkat: [76, { dirfid: fid, name: string, flags: mode32 }],
  Runlinkat: [77, none],
  Tauth: [102, { afid: fid, uname: string, aname: string, n_uname: fid }],
  Rauth: [103, { aqid: qid }],
  Tattach: [104, { fid, afid: fid, uname: string, aname: string, n_uname: fid }],
  Rattach: [105, { qid }],
} as const satisfies Table;

export type Plain = typeof plain;
export type Unix = typeof unix;
export type Linux = typeof linux;
