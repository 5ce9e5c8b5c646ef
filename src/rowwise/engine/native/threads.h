// A step → its parts, worked on by a few threads that meet at barriers.
#pragma once
#include <algorithm>
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

// A share of the rows → tasks of `most` rows, the last of them smaller and smaller, down to `fewest`, so that threads that
// take what others have left end at the same time. All but the last are multiples of `fewest`.
template <class Task>
void cut(Range share, int most, int fewest, const Task& task) {
  while (share.begin < share.end) {
    const int half = share.size() / 2 / fewest * fewest, size = std::clamp(half, fewest, std::max(most, fewest));
    task(Range{share.begin, std::min(share.begin + size, share.end)});
    share.begin += size;
  }
}

// Tasks that threads take one by one: first those of their own share, then what others have left.
class Tasks {
 public:
  explicit Tasks(int threads) : shares_(threads) {}
  // Thread t's share: the tasks from where t - 1's end to ends[t] - 1. No thread may be taking any meanwhile.
  void deal(const std::vector<int>& ends) {
    for (std::size_t t = 0; t < shares_.size(); ++t) {
      shares_[t].next.store(t ? ends[t - 1] : 0, std::memory_order_relaxed);
      shares_[t].end = ends[t];
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
