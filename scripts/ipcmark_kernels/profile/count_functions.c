// A QEMU TCG plugin: which blocks of code a guest executes between its markers, and how many instructions of each.
//
// qemu-system-x86_64 ... -plugin file=count_functions.so,out=FILE
//
// The markers are those of bench/harness/marker.hpp on x86_64. FILE gets a line `window NUMBER` at the end of each window,
// NUMBER that of its case, and below it a line `ADDRESS INSTRUCTIONS` for each block that ran in it, ADDRESS in
// hexadecimal; at the guest's end a line `end`.
#include <inttypes.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// Debian does not package qemu-plugin.h; this is what is used of its version 1 (QEMU 4.2 to 8.2).
typedef uint64_t qemu_plugin_id_t;
struct qemu_plugin_tb;
struct qemu_plugin_insn;
struct qemu_info_t;
enum { kAddU64 = 0, kNoRegisters = 0 };
void qemu_plugin_register_vcpu_tb_trans_cb(qemu_plugin_id_t id, void (*call)(qemu_plugin_id_t, struct qemu_plugin_tb *));
void qemu_plugin_register_vcpu_tb_exec_inline(struct qemu_plugin_tb *block, int operation, void *counter, uint64_t by);
void qemu_plugin_register_vcpu_insn_exec_cb(struct qemu_plugin_insn *instruction, void (*call)(unsigned, void *), int flags,
                                            void *data);
void qemu_plugin_register_atexit_cb(qemu_plugin_id_t id, void (*call)(qemu_plugin_id_t, void *), void *data);
size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *block);
uint64_t qemu_plugin_tb_vaddr(const struct qemu_plugin_tb *block);
struct qemu_plugin_insn *qemu_plugin_tb_get_insn(const struct qemu_plugin_tb *block, size_t index);
const void *qemu_plugin_insn_data(const struct qemu_plugin_insn *instruction);
size_t qemu_plugin_insn_size(const struct qemu_plugin_insn *instruction);

__attribute__((visibility("default"))) int qemu_plugin_version = 1;

enum { kMarkerBytes = 8, kFirstSlots = 1 << 16, kChunk = 4096 };
static const uint32_t kMagic = 0x1bc5;
static const uint32_t kStart = 0x8000;

// The code that QEMU makes of a block adds to `executed`, so a block never moves and never goes.
struct Block {
  uint64_t address;
  uint64_t instructions;
  uint64_t executed;
  uint64_t at_start;
};

struct Chunk {
  struct Chunk *next;
  size_t used;
  struct Block blocks[kChunk];
};

struct Marker {
  struct Block *block;
  uint32_t bits;   // the number of its case, and kStart
  uint64_t after;  // instructions of its block behind it, which the block has counted already as it began
};

static FILE *out;
static struct Block **slots;
static size_t slot_count;
static size_t block_count;
static struct Chunk *chunks;

static void fail(const char *what) {
  fprintf(stderr, "count_functions: %s\n", what);
  exit(1);
}

static void *memory(size_t count, size_t size) {
  void *found = calloc(count, size);
  if (found == NULL) fail("out of memory");
  return found;
}

static size_t place(uint64_t address, uint64_t instructions) {
  const uint64_t mixed = (address ^ (instructions << 48)) * 0x9e3779b97f4a7c15u;
  size_t at = (size_t)(mixed >> 20) & (slot_count - 1);
  while (slots[at] != NULL && (slots[at]->address != address || slots[at]->instructions != instructions))
    at = (at + 1) & (slot_count - 1);
  return at;
}

static void grow(void) {
  struct Block **old = slots;
  const size_t count = slot_count;
  slot_count = count == 0 ? kFirstSlots : 2 * count;
  slots = memory(slot_count, sizeof *slots);
  for (size_t i = 0; i < count; ++i)
    if (old[i] != NULL) slots[place(old[i]->address, old[i]->instructions)] = old[i];
  free(old);
}

// The same block may be translated again; code that changed and has another length is another block.
static struct Block *block_at(uint64_t address, uint64_t instructions) {
  if (2 * (block_count + 1) > slot_count) grow();
  const size_t at = place(address, instructions);
  if (slots[at] != NULL) return slots[at];
  if (chunks == NULL || chunks->used == kChunk) {
    struct Chunk *chunk = memory(1, sizeof *chunk);
    chunk->next = chunks;
    chunks = chunk;
  }
  struct Block *block = &chunks->blocks[chunks->used++];
  block->address = address;
  block->instructions = instructions;
  ++block_count;
  return slots[at] = block;
}

static void start(const struct Marker *marker) {
  // Not through the slots: a fork's case has thousands of windows, and the blocks lie side by side.
  for (struct Chunk *chunk = chunks; chunk != NULL; chunk = chunk->next)
    for (size_t i = 0; i < chunk->used; ++i) chunk->blocks[i].at_start = chunk->blocks[i].executed;
  marker->block->at_start -= marker->after;
}

static void stop(const struct Marker *marker) {
  marker->block->at_start += marker->after + 1;
  fprintf(out, "window %" PRIu32 "\n", marker->bits);
  for (const struct Chunk *chunk = chunks; chunk != NULL; chunk = chunk->next)
    for (size_t i = 0; i < chunk->used; ++i) {
      const struct Block *block = &chunk->blocks[i];
      if (block->executed != block->at_start)
        fprintf(out, "%" PRIx64 " %" PRIu64 "\n", block->address, block->executed - block->at_start);
    }
}

static void passed(unsigned cpu, void *data) {
  (void)cpu;
  const struct Marker *marker = data;
  if ((marker->bits & kStart) != 0)
    start(marker);
  else
    stop(marker);
}

static bool is_marker(const struct qemu_plugin_insn *instruction, uint32_t *bits) {
  static const uint8_t kCode[4] = {0x0f, 0x1f, 0x84, 0x00};
  if (qemu_plugin_insn_size(instruction) != kMarkerBytes) return false;
  const uint8_t *bytes = qemu_plugin_insn_data(instruction);
  uint32_t value = 0;
  memcpy(&value, bytes + sizeof kCode, sizeof value);
  if (memcmp(bytes, kCode, sizeof kCode) != 0 || value >> 16 != kMagic) return false;
  *bits = value & 0xffff;
  return true;
}

static void translated(qemu_plugin_id_t id, struct qemu_plugin_tb *code) {
  (void)id;
  const size_t instructions = qemu_plugin_tb_n_insns(code);
  struct Block *block = block_at(qemu_plugin_tb_vaddr(code), instructions);
  for (size_t i = 0; i < instructions; ++i) {
    struct qemu_plugin_insn *instruction = qemu_plugin_tb_get_insn(code, i);
    uint32_t bits = 0;
    if (!is_marker(instruction, &bits)) continue;
    struct Marker *marker = memory(1, sizeof *marker);
    *marker = (struct Marker){block, bits, instructions - i - 1};
    qemu_plugin_register_vcpu_insn_exec_cb(instruction, passed, kNoRegisters, marker);
  }
  qemu_plugin_register_vcpu_tb_exec_inline(code, kAddU64, &block->executed, instructions);
}

static void finish(qemu_plugin_id_t id, void *data) {
  (void)id;
  (void)data;
  fprintf(out, "end\n");
  if (fclose(out) != 0) fail("the counts cannot be written");
}

__attribute__((visibility("default"))) int qemu_plugin_install(qemu_plugin_id_t id, const struct qemu_info_t *info, int argc,
                                                               char **argv) {
  (void)info;
  for (int i = 0; i < argc; ++i)
    if (strncmp(argv[i], "out=", 4) == 0) out = fopen(argv[i] + 4, "w");
  if (out == NULL) fail("give out= the name of a file that can be written");
  grow();
  qemu_plugin_register_vcpu_tb_trans_cb(id, translated);
  qemu_plugin_register_atexit_cb(id, finish, NULL);
  return 0;
}
