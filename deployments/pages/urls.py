"""The addresses of the pages, under the root."""

from django.urls import path

from .accounts import account_list, account_page, check_account, move_here, remove_account
from .activity import activity
from .activity_csv import activity_csv
from .bills import bill_page, fetch_bills
from .budgets import remove_budget, set_budget, waive_budget
from .comparing import compare
from .configuration_files import bring_in, export
from .cost_csv import costs_csv
from .cost_runs import cost_runs
from .costs import costs
from .creating import new_deployment, preview_new
from .downloading import cancel_download, download
from .dry_run import dry_run
from .editing import edit, preview
from .extending import extend, give_back
from .first_account import first_account
from .flag_search import flag_search
from .formats import formats, keep_model
from .freezing import freeze, lift
from .home import burning, home, register
from .log_phases import log_phases
from .log_stream import log_stream
from .logs import log_download, log_page, log_tail
from .looking import look
from .mending import mend
from .metrics import metric_fragment, metrics
from .model_fit import model_fit
from .notifications import notifications, remove_channel, rotate_channel, switch_channel, test_channel
from .overview import overview, phases, status_fragment
from .prices import confirm_prices, price_list, refresh_prices
from .release_download import release_download
from .releases import go_back, release_page, switch_auto_rollback
from .releasing import make_release, release_dialog
from .rotating import rotate
from .run_csv import runs_csv
from .runs import all_runs, run_list, run_page
from .schedules import change_schedule, schedule, schedule_price, schedules
from .settings import settings
from .starting import start, start_dialog
from .stopping import sleep, turn_off
from .theme import theme
from .unexplained import put_out_unexplained, unexplained

app_name = "deployments"

_ONE = "deployments/<slug:slug>"

urlpatterns = [
    path("", home, name="home"),
    path("register/", register, name="register"),
    path("burning/", burning, name="burning"),
    path("activity/", activity, name="activity"),
    path("activity/activity.csv", activity_csv, name="activity-csv"),
    path("runs/", all_runs, name="all-runs"),
    path("runs/runs.csv", runs_csv, name="runs-csv"),
    path("costs/", costs, name="costs"),
    path("costs/runs/", cost_runs, name="cost-runs"),
    path("costs/compare/", compare, name="compare"),
    path("costs/costs.csv", costs_csv, name="costs-csv"),
    path("costs/budgets/", set_budget, name="set-budget"),
    path("costs/budgets/none/", waive_budget, name="waive-budget"),
    path("costs/budgets/<int:budget_id>/remove/", remove_budget, name="remove-budget"),
    path("costs/bills/", bill_page, name="bills"),
    path("costs/bills/read/", fetch_bills, name="fetch-bills"),
    path("costs/unexplained/", unexplained, name="unexplained"),
    path("costs/unexplained/<int:orphan_id>/put-out/", put_out_unexplained, name="put-out-unexplained"),
    path("costs/prices/", price_list, name="prices"),
    path("costs/prices/refresh/", refresh_prices, name="refresh-prices"),
    path("costs/prices/confirm/", confirm_prices, name="confirm-prices"),
    path("deployments/new/", new_deployment, name="new"),
    path("deployments/new/preview/", preview_new, name="preview-new"),
    path("settings/flags/", flag_search, name="flag-search"),
    path("settings/notifications/", notifications, name="notifications"),
    path("settings/notifications/<int:channel_id>/test/", test_channel, name="test-channel"),
    path("settings/notifications/<int:channel_id>/switch/", switch_channel, name="switch-channel"),
    path("settings/notifications/<int:channel_id>/secret/", rotate_channel, name="rotate-channel"),
    path("settings/notifications/<int:channel_id>/remove/", remove_channel, name="remove-channel"),
    path("models/fit/", model_fit, name="model-fit"),
    path("settings/accounts/", account_list, name="accounts"),
    path("settings/accounts/new/", first_account, name="first-account"),
    path("settings/accounts/<int:account_id>/", account_page, name="account"),
    path("settings/accounts/<int:account_id>/check/", check_account, name="check-account"),
    path("settings/accounts/<int:account_id>/move-here/", move_here, name="move-here"),
    path("settings/accounts/<int:account_id>/remove/", remove_account, name="remove-account"),
    path("settings/accounts/<int:account_id>/rotate/<slug:secret>/", rotate, name="rotate"),
    path("freeze/", freeze, name="freeze"),
    path("freeze/lift/", lift, name="lift-freeze"),
    path("leases/<int:lease_id>/give-back/", give_back, name="give-back"),
    path("accounts/theme/", theme, name="theme"),
    path(f"{_ONE}/", overview, name="overview"),
    path(f"{_ONE}/status/", status_fragment, name="status"),
    path(f"{_ONE}/phases/", phases, name="phases"),
    path(f"{_ONE}/runs/", run_list, name="runs"),
    path(f"{_ONE}/runs/runs.csv", runs_csv, name="runs-of-csv"),
    path(f"{_ONE}/runs/<int:run_id>/", run_page, name="run"),
    path(f"{_ONE}/logs/", log_page, name="logs"),
    path(f"{_ONE}/logs/phases/", log_phases, name="log-phases"),
    path(f"{_ONE}/logs/tail/", log_tail, name="log-tail"),
    path(f"{_ONE}/logs/stream/", log_stream, name="log-stream"),
    path(f"{_ONE}/logs/download/", log_download, name="log-download"),
    path(f"{_ONE}/metrics/", metrics, name="metrics"),
    path(f"{_ONE}/metrics/charts/", metric_fragment, name="metric-charts"),
    path(f"{_ONE}/settings/", settings, name="settings"),
    path(f"{_ONE}/settings/export/", export, name="export"),
    path(f"{_ONE}/settings/import/", bring_in, name="import"),
    path(f"{_ONE}/formats/", formats, name="formats"),
    path(f"{_ONE}/model-config/", keep_model, name="keep-model"),
    path(f"{_ONE}/look/", look, name="look"),
    path(f"{_ONE}/dry-run/", dry_run, name="dry-run"),
    path(f"{_ONE}/auto-rollback/", switch_auto_rollback, name="auto-rollback"),
    path(f"{_ONE}/settings/edit/", edit, name="edit-settings"),
    path(f"{_ONE}/settings/edit/preview/", preview, name="preview-settings"),
    path(f"{_ONE}/findings/<int:finding_id>/", mend, name="mend"),
    path(f"{_ONE}/releases/", make_release, name="make-release"),
    path(f"{_ONE}/releases/new/", release_dialog, name="release-dialog"),
    path(f"{_ONE}/releases/<int:number>/", release_page, name="release"),
    path(f"{_ONE}/releases/<int:number>/back/", go_back, name="go-back"),
    path(f"{_ONE}/releases/<int:number>/download/", release_download, name="release-download"),
    path(f"{_ONE}/schedules/", schedules, name="schedules"),
    path(f"{_ONE}/schedules/new/", schedule, name="new-schedule"),
    path(f"{_ONE}/schedules/price/", schedule_price, name="schedule-price"),
    path(f"{_ONE}/schedules/<int:schedule_id>/", schedule, name="schedule"),
    path(f"{_ONE}/schedules/<int:schedule_id>/change/", change_schedule, name="change-schedule"),
    path(f"{_ONE}/start-dialog/", start_dialog, name="start-dialog"),
    path(f"{_ONE}/start/", start, name="start"),
    path(f"{_ONE}/extend/", extend, name="extend"),
    path(f"{_ONE}/sleep/", sleep, name="sleep"),
    path(f"{_ONE}/turn-off/", turn_off, name="turn-off"),
    path(f"{_ONE}/download/", download, name="download"),
    path(f"{_ONE}/download/cancel/", cancel_download, name="cancel-download"),
]
