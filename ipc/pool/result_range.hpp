// The results of a lazy map, as a range.
#pragma once

#include <algorithm>
#include <deque>
#include <exception>
#include <iterator>
#include <ranges>
#include <utility>

#include "ipc/pool/async_result.hpp"

namespace ipc {

/// An input range of results, one for each item of a source, to be gone through once; the iterators
/// belong to the range where it stands, so it must not be moved after begin(). The source is read
/// as results are taken: no more than kChunksAWorker chunks a worker are ever under way or waiting
/// here. An item's error is thrown where its result is read, for each item of its chunk together,
/// and the next increment goes on.
///
/// close() lets it go on; once the pool has been joined, terminated or destroyed, what is left of
/// the source is not run, and one PoolTerminated stands in its place.
template <std::ranges::view Source, class Chunk, bool kInOrder>
class ResultRange {
 public:
  static constexpr std::size_t kChunksAWorker = 4;

  ResultRange(std::weak_ptr<TaskSource> pool, unsigned workers, typename Chunk::Function function,
              Source items, std::size_t chunk_items)
      : pool_(std::move(pool)),
        most_under_way_(kChunksAWorker * workers),
        function_(function),
        items_(std::move(items)),
        chunk_items_(chunk_items) {}

  class Iterator {
   public:
    using iterator_concept = std::input_iterator_tag;
    using value_type = typename Chunk::Value;
    using difference_type = std::ptrdiff_t;

    explicit Iterator(ResultRange* range) : range_(range) {}
    decltype(auto) operator*() const { return range_->current(); }
    Iterator& operator++() {
      range_->advance();
      return *this;
    }
    void operator++(int) { ++*this; }
    friend bool operator==(const Iterator& at, std::default_sentinel_t) { return at.is_at_end(); }

   private:
    [[nodiscard]] bool is_at_end() const { return range_->is_at_end_; }

    ResultRange* range_;
  };

  /// Waits for the first result.
  Iterator begin() {
    if (!next_item_) next_item_ = std::ranges::begin(items_);
    if (values_.empty() && !error_ && !is_at_end_) advance();
    return Iterator(this);
  }
  std::default_sentinel_t end() { return {}; }

 private:
  typename Chunk::Values::const_reference current() const {
    if (error_) std::rethrow_exception(error_);
    return values_[position_];
  }

  void advance() {
    if (!error_ && ++position_ < values_.size()) return;
    position_ = 0;
    values_.clear();
    error_ = nullptr;
    submit_ahead();
    const auto ticket = take();
    if (!ticket) return finish();
    try {
      values_ = ticket->template value<typename Chunk::Values>();
    } catch (...) {
      error_ = std::current_exception();
    }
  }

  void finish() {
    is_at_end_ = std::exchange(is_cut_short_, true) || !has_items();
    if (!is_at_end_) error_ = std::make_exception_ptr(PoolTerminated());
  }

  [[nodiscard]] bool has_items() {
    return !chunk_.empty() || *next_item_ != std::ranges::end(items_);
  }

  void submit_ahead() {
    const auto pool = pool_.lock();
    while (pool && pool->is_open() && under_way_.size() < most_under_way_ && has_items()) {
      auto& item = *next_item_;
      for (; chunk_.size() < chunk_items_ && item != std::ranges::end(items_); ++item)
        chunk_.emplace_back(*item);
      under_way_.push_back(
          pool->submit(Chunk::run, Chunk::encode(function_, chunk_), when_settled()));
      chunk_.clear();  // only now: one that could not be submitted is tried again
    }
  }

  [[nodiscard]] Ticket::Then when_settled() const {
    if constexpr (kInOrder) return {};
    return [settled = settled_](const Ticket& ticket) { settled->push_back(&ticket); };
  }

  /// The chunk whose turn it is, once it has ended; nothing when none is left.
  std::shared_ptr<Ticket> take() {
    if (under_way_.empty()) return nullptr;
    auto next = under_way_.begin();
    if constexpr (kInOrder) {
      wait_for_ticket(**next, pool_, os::Deadline::never());
    } else {
      while (settled_->empty() && !(*next)->is_settled()) wait_for_any(**next);
      if (!settled_->empty()) {
        next = std::ranges::find(under_way_, settled_->front(), &std::shared_ptr<Ticket>::get);
        settled_->pop_front();
      }
    }
    auto ticket = std::move(*next);
    under_way_.erase(next);
    return ticket;
  }

  void wait_for_any(Ticket& one) {
    const auto pool = pool_.lock();
    if (!pool || !pool->collect_one(os::Deadline::never())) one.abandon_silently();
  }

  std::weak_ptr<TaskSource> pool_;
  std::size_t most_under_way_;
  typename Chunk::Function function_;
  Source items_;
  std::size_t chunk_items_;
  std::optional<std::ranges::iterator_t<Source>> next_item_;
  std::vector<typename Chunk::Argument> chunk_;
  std::deque<std::shared_ptr<Ticket>> under_way_;
  std::shared_ptr<std::deque<const Ticket*>> settled_ =
      std::make_shared<std::deque<const Ticket*>>();
  typename Chunk::Values values_;
  std::size_t position_ = 0;
  std::exception_ptr error_;
  bool is_cut_short_ = false;
  bool is_at_end_ = false;
};

}  // namespace ipc
