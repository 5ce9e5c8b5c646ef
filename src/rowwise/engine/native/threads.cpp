// A function → its calls on all threads of a Team (threads.h), which are started once and woken for each.
#include "threads.h"

namespace rowwise {

Team::Team(int threads) : size_(threads), barrier_(threads) {
  try {
    for (int t = 1; t < threads; ++t) threads_.emplace_back([this, t] { loop(t); });
  } catch (...) {  // a thread that is not joined would end the process
    dismiss();
    throw;
  }
}

void Team::dismiss() {
  leaving_ = true;
  calls_.fetch_add(1, std::memory_order_release);
  calls_.notify_all();
  for (auto& thread : threads_) thread.join();
}

void Team::run(void (*work)(void*, int), void* context) {
  work_ = work;
  context_ = context;
  running_.store(size_ - 1, std::memory_order_relaxed);
  calls_.fetch_add(1, std::memory_order_release);
  calls_.notify_all();
  work(context, 0);
  for (int left = running_.load(std::memory_order_acquire); left; left = running_.load(std::memory_order_acquire))
    running_.wait(left, std::memory_order_acquire);
}

void Team::loop(int thread) {
  for (unsigned answered = 0;;) {
    calls_.wait(answered, std::memory_order_acquire);
    answered = calls_.load(std::memory_order_acquire);
    if (leaving_) return;
    work_(context_, thread);
    if (running_.fetch_sub(1, std::memory_order_acq_rel) == 1) running_.notify_one();
  }
}

}  // namespace rowwise
