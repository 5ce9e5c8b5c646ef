// A few threads that work on one step together, and meet at barriers.
#pragma once
#include <atomic>
#include <cstdint>
#include <thread>
#include <vector>

namespace rowwise {

// Spins, because a step is shorter than waking a thread; yields when that does not help, as on a busy machine.
class Barrier {
 public:
  explicit Barrier(int threads) : threads_(threads) {}
  void wait() {
    const unsigned round = round_.load(std::memory_order_relaxed);
    if (arrived_.fetch_add(1, std::memory_order_acq_rel) + 1 == threads_) {
      arrived_.store(0, std::memory_order_relaxed);
      round_.store(round + 1, std::memory_order_release);
      return;
    }
    for (int spins = 0; round_.load(std::memory_order_acquire) == round; ++spins) {
      if (spins < kSpins) pause();
      else std::this_thread::yield();
    }
  }

 private:
  static constexpr int kSpins = 1000;  // about 50 microseconds where a pause takes 140 cycles
  static void pause() {
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    asm volatile("yield");
#endif
  }
  const int threads_;
  alignas(64) std::atomic<int> arrived_{0};
  alignas(64) std::atomic<unsigned> round_{0};
};

struct Range {
  int begin, end;
  int size() const { return end - begin; }
};
// What falls to one of several threads.
inline Range share(int count, int threads, int thread) {
  return {int(std::int64_t(count) * thread / threads), int(std::int64_t(count) * (thread + 1) / threads)};
}

// Work that threads take from: each its own part first, then what the others have left.
class Tasks {
 public:
  explicit Tasks(int threads) : parts_(threads) {}
  // Tasks 0 to count - 1; nobody may be taking.
  void deal(int count) {
    const int threads = int(parts_.size());
    for (int t = 0; t < threads; ++t) {
      const Range part = share(count, threads, t);
      parts_[t].next.store(part.begin, std::memory_order_relaxed);
      parts_[t].end = part.end;
    }
  }
  int take(int thread) {  // -1: none is left
    const int threads = int(parts_.size());
    for (int k = 0; k < threads; ++k) {
      Part& part = parts_[(thread + k) % threads];
      if (part.next.load(std::memory_order_relaxed) >= part.end) continue;
      const int task = part.next.fetch_add(1, std::memory_order_relaxed);
      if (task < part.end) return task;
    }
    return -1;
  }

 private:
  struct alignas(64) Part {
    std::atomic<int> next{0};
    int end = 0;
  };
  std::vector<Part> parts_;
};

// The caller is thread 0; the others sleep between calls of `run`.
class Team {
 public:
  explicit Team(int threads);
  ~Team();
  Team(const Team&) = delete;
  Team& operator=(const Team&) = delete;

  Barrier& barrier() { return barrier_; }
  // work(thread) on every thread; returns when all have. The function must outlive the call, and does: it blocks.
  void run(void (*work)(void*, int), void* context);

 private:
  void loop(int thread);
  const int size_;
  Barrier barrier_;
  void (*work_)(void*, int) = nullptr;
  void* context_ = nullptr;
  std::atomic<unsigned> calls_{0};
  std::atomic<int> running_{0};
  bool leaving_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace rowwise
