// How a step is computed, as plan.py has it: with any plan the results have the same bits, for one instruction set.
#pragma once

namespace rowwise {

// A multiple of 64 places of the depth; rows of the left operand.
inline constexpr int kMostBlock = 256, kMostChunk = 256;

struct Plan {
  int threads = 1;          // that share a step
  bool by_records = false;  // whether they divide the records of a batch, not the columns of its layers
  int task = 16;            // records that a thread takes at a time, where they are divided
  int block = 256;          // places of the depth that are packed at a time; a multiple of 16
  int chunk = 256;          // rows that are packed before they pass over the panels; a multiple of 4
  // Packed rows share their visits up to so many numbers, zeros included, for one that is not zero.
  double sharing = 2.6;

  // Whether a network's weights lie in memory in the same order for both, and it has as many threads.
  bool lies_like(const Plan& other) const {
    return threads == other.threads && (threads == 1 || by_records == other.by_records);
  }
};

}  // namespace rowwise
