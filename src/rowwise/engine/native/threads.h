// A step → its parts, worked on by a few threads that meet at barriers.
#pragma once
#include <atomic>
#include <cstdint>
#include <thread>
#include <vector>

namespace rowwise {

// Waits by spinning, because a step is shorter than waking a thread; then by yielding, for a machine that is busy.
class Barrier {
 public:
  explicit Barrier(int threads) : threads_(threads) {}
  unsigned rounds() const { return round_.load(std::memory_order_relaxed); }
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
// count items, dealt evenly to `threads` threads → those of one.
inline Range share(int count, int threads, int thread) {
  return {int(std::int64_t(count) * thread / threads), int(std::int64_t(count) * (thread + 1) / threads)};
}

// Tasks that threads take one by one: first those of their own share, then what others have left.
class Tasks {
 public:
  explicit Tasks(int threads) : shares_(threads) {}
  // Tasks 0 to count - 1. No thread may be taking any meanwhile.
  void deal(int count) {
    const int threads = int(shares_.size());
    for (int t = 0; t < threads; ++t) {
      const Range range = share(count, threads, t);
      shares_[t].next.store(range.begin, std::memory_order_relaxed);
      shares_[t].end = range.end;
    }
  }
  // The next task, or -1 when none is left.
  int take(int thread) {
    const int threads = int(shares_.size());
    for (int k = 0; k < threads; ++k) {
      Share& from = shares_[(thread + k) % threads];
      if (from.next.load(std::memory_order_relaxed) >= from.end) continue;
      const int task = from.next.fetch_add(1, std::memory_order_relaxed);
      if (task < from.end) return task;
    }
    return -1;
  }

 private:
  struct alignas(64) Share {
    std::atomic<int> next{0};
    int end = 0;
  };
  std::vector<Share> shares_;
};

// The calling thread and those that sleep between its calls.
class Team {
 public:
  explicit Team(int threads);  // throws std::system_error where the system starts no more threads
  ~Team() { dismiss(); }
  Team(const Team&) = delete;
  Team& operator=(const Team&) = delete;

  Barrier& barrier() { return barrier_; }
  // work(context, thread) on every thread, the caller being thread 0; returns when all have.
  void run(void (*work)(void*, int), void* context);

 private:
  void loop(int thread);
  void dismiss();
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
