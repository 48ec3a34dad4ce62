// The names in a run's folder; docs/run-folder.md says what each contains. Reporters name their own
// files.
#pragma once

namespace spar::host::run_files {

constexpr const char *plan = "plan.json";
constexpr const char *results = "results.json";
constexpr const char *model = "model.safetensors";
constexpr const char *evaluation = "evaluation.log";
constexpr const char *checkpoints = "checkpoints";           // a folder
constexpr const char *last_checkpoint = "last.safetensors";  // a file in it
constexpr const char *adversarial = "adversarial";           // a folder with one file per attack
constexpr const char *arrays = ".npz";                       // their extension
constexpr const char *texts = ".csv";                        // that of attacked texts

}  // namespace spar::host::run_files
