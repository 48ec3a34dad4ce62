// Components that end the process, or believe that they may write where the host reads: what one
// process cannot forbid, and the host must at least notice and name.
#include "plain.hpp"

#include <sys/syscall.h>
#include <unistd.h>

#include <xmmintrin.h>
#include <cfenv>
#include <csignal>
#include <cstdlib>
#include <stdexcept>

namespace {

volatile int *nowhere = nullptr;

/// Ends the process in one of the ways there are.
void end(const std::string &way) {
    if (way == "exit") std::exit(0);
    if (way == "_exit") ::_exit(0);
    if (way == "_Exit") std::_Exit(0);
    if (way == "quick_exit") std::quick_exit(0);
    if (way == "exit_group") ::syscall(SYS_exit_group, 0);
    if (way == "kill") ::kill(::getpid(), SIGKILL);
    if (way == "hang")
        for (;;) ::pause();
    if (way == "segfault") *nowhere = 1;
    if (way == "abort") std::abort();
    if (way == "terminate") std::terminate();
    if (way == "divide") *nowhere = 1 / static_cast<int>(way.size() - 6);
}

/// Uses up the stack, whatever the compiler thinks of it.
int (*volatile once_more)(int) = nullptr;
int deeper(int depth) {
    volatile char room[4096];
    room[0] = static_cast<char>(depth);
    return once_more(depth + 1) + room[0];
}

template <class T>
T *writable(const T *pointer) {
    return const_cast<T *>(pointer);
}

#define ZOO_ENDS(kind_word, ...)                                              \
    static constexpr spar::About about{.type = "ending_" kind_word,           \
                                       .summary = "Ends the process."};       \
    spar::Text how{this, "how", "how it ends the process", {.fallback = ""}}; \
    spar::Text where{this, "where", "in which function", {.fallback = "main"}};

class Attack final : public zoo::Attack {
  public:
    ZOO_ENDS("attack")
    ~Attack() override {
        if (*where == "destroy") end(*how);
    }
    void configure() override {
        if (*where == "create") end(*how);
    }

    void perturb(const spar::Oracle &oracle, const spar::AttackBatch &batch) override {
        if (*where == "main" || (*where == "evaluation" && batch.count() > 0)) end(*how);
        if (*where == "exit handler") std::atexit([] { std::abort(); });
        if (*where == "worker") parallel_for(8, [&](std::int64_t) { end(*how); });
        if (*how == "stack") {
            once_more = deeper;
            deeper(0);
        }
        if (*how == "forks" && ::fork() == 0) return;
        zoo::Attack::perturb(oracle, batch);
    }
};

class Loss final : public zoo::Loss {
  public:
    ZOO_ENDS("loss")
    double evaluate(const spar::LossRow &row) const override {
        end(*how);
        const double value = zoo::Loss::evaluate(row);
        if (*how == "labels") *writable(&*row.label) = 0;
        return value;
    }
};

/// Writes through pointers to const, and does things in pieces of parallel work.
class Cheat final : public spar::Attack {
  public:
    static constexpr spar::About about{.type = "cheat", .summary = "Writes where it may not."};
    spar::Text how{this, "how", "where it writes", {.fallback = ""}};

    void perturb(const spar::Oracle &, const spar::AttackBatch &batch) override {
        const spar_attack_batch &raw = batch.raw();
        const auto values = static_cast<std::size_t>(batch.count() * batch.size());
        auto *threat = writable(raw.threat);
        if (*how == "labels")
            for (std::int64_t i = 0; i < batch.count(); ++i)
                writable(raw.labels)[i] = (raw.labels[i] + 1) % 3;
        if (*how == "x") std::fill_n(writable(raw.x), values, 0.5F);
        if (*how == "x" || *how == "box") std::fill_n(raw.x_adv, values, 0.5F);
        if (*how == "ids") std::fill_n(writable(raw.ids), batch.count(), std::int64_t{0});
        if (*how == "eps") threat->eps = 1e6;
        if (*how == "box") threat->eps = 1e7, threat->lower = -1e6, threat->upper = 1e6;
        if (*how == "eps") std::fill_n(raw.x_adv, values, 0.5F);
        if (*how == "box") std::fill_n(raw.x_adv, values, -1e6F);
        if (batch.count() > 0) beyond(raw, values);
        pieces();
    }

  private:
    /// Writes where an array is no more.
    void beyond(const spar_attack_batch &raw, std::size_t values) const {
        if (*how == "behind") std::fill_n(raw.x_adv + values, 64, 1.0F);
        if (*how == "before") raw.x_adv[-1] = 1;
        if (*how == "far behind") std::fill_n(raw.x_adv + values, 4096, 1.0F);
        if (*how == "behind labels") writable(raw.labels)[raw.count] = 0;
    }
    /// Past the SDK's guard, as a plugin without it would.
    void pieces() {
        const auto raw = [&](spar_task task) {
            spar::checked(
                [&](spar_error *e) { return host().parallel_for(&host(), 64, task, this, e); });
        };
        if (*how == "rounds in pieces")
            raw([](void *, std::int64_t, spar_error *) -> spar_status {
                std::fesetround(FE_UPWARD);
                return SPAR_OK;
            });
        if (*how == "flushes in pieces")
            raw([](void *, std::int64_t, spar_error *) -> spar_status {
                _mm_setcsr(_mm_getcsr() | 0x8040U);
                return SPAR_OK;
            });
        if (*how == "throws in pieces")
            raw([](void *, std::int64_t piece, spar_error *) -> spar_status {
                throw std::runtime_error("planted in piece " + std::to_string(piece));
            });
        if (*how == "cancelled") throw spar::Error(SPAR_E_CANCELLED, "we are closed");
        if (*how == "blames") throw spar::Error(SPAR_E_INTERNAL, "not mine", "#/train/method");
        if (*how == "forges lines")
            throw spar::Error(SPAR_E_INTERNAL, "x\nerror: #/train/method: all its fault");
        if (*how == "warns")
            for (int i = 0; i < 3; ++i) log(SPAR_LOG_WARNING, "careful");
    }
};

}  // namespace

SPAR_PLUGIN("ending", "1.0.0", Attack, Loss, Cheat)
