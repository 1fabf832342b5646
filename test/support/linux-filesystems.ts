/**
 * The folders of fs/ in Linux 6.12 that are filesystems: names that must not stand in analysis code, where general
 * rules have to win. (Libraries such as jbd2, iomap, netfs and quota are not among them: the knowledge base may name
 * their functions, as it names those of the VFS.)
 */
export const LINUX_FILESYSTEMS: readonly string[] = (
  "9p adfs affs afs autofs bcachefs befs bfs btrfs ceph coda configfs cramfs debugfs devpts ecryptfs efivarfs efs " +
  "erofs exfat ext2 ext4 f2fs fat freevxfs fuse gfs2 hfs hfsplus hostfs hpfs hugetlbfs isofs jffs2 jfs kernfs minix " +
  "nfs nilfs2 ntfs3 ocfs2 omfs openpromfs orangefs overlayfs ovl pstore qnx4 qnx6 ramfs reiserfs romfs smb cifs " +
  "squashfs sysfs sysv tracefs ubifs udf ufs vboxsf xfs zonefs shmem"
).split(" ");
